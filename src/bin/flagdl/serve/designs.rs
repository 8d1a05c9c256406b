//! What the flags look like.
//!
//! Three kinds, each marked where it begins:
//!
//! * [`REAL`] has flags that a few shapes give in full, with the colours their
//!   states publish (civil flags without arms where there are both);
//! * [`REDUCED`] has flags whose colours and layout are right, and whose arms,
//!   writing or small parts are left out or stand as a plain disc or star;
//! * every other code gets an **invented** design ([`super::invented`]).
//!
//! Promises: no code has two designs; every code in both tables is in ISO 3166-1.
//!
//! What surprises: all are 3:2 ([`super::paint`]), so real proportions are not kept.

#![expect(clippy::unreadable_literal, reason = "colours are written as the web writes them")]

use super::invented::invented;
use super::paint::Layer::{
    self, Box, Canton, Columns, Crescent, Cross, Disc, Hoist, Plus, Polygon, Rows, Saltire, Star,
};
use super::paint::{Colour, paint};

type Designs = &'static [(&'static str, &'static [Layer<'static>])];

/// The pixels of a code's flag, rows of RGB.
pub(crate) fn picture(code: &str) -> Vec<u8> {
    let drawn = REAL.iter().chain(REDUCED).find(|(of, _)| *of == code);
    match drawn {
        Some((_, design)) => paint(design),
        None => invented(code),
    }
}

const W: Colour = 0xFFFFFF;
const K: Colour = 0x000000;

const FRANCE: &[Layer<'_>] = &[Columns(&[0x000091, W, 0xE1000F])];
const NETHERLANDS: &[Layer<'_>] = &[Rows(&[0xAE1C28, W, 0x21468B])];
const NORWAY: &[Layer<'_>] = &[Rows(&[0xBA0C2F]), Cross(0.5, 0.5, 0.25, W), Cross(0.5, 0.5, 0.125, 0x00205B)];
/// Saint Patrick's red lies beside the middle of Saint Andrew's white, turning
/// the same way round in all four arms.
#[rustfmt::skip]
const UNION: &[Layer<'_>] = &[
    Rows(&[0x012169]), Saltire(0.2, W),
    Polygon(&[(0.0, 0.0), (0.75, 0.5), (0.63, 0.5), (0.0, 0.08)], 0xC8102E),
    Polygon(&[(1.5, 0.0), (1.38, 0.0), (0.75, 0.42), (0.75, 0.5)], 0xC8102E),
    Polygon(&[(1.5, 1.0), (1.5, 0.92), (0.87, 0.5), (0.75, 0.5)], 0xC8102E),
    Polygon(&[(0.0, 1.0), (0.12, 1.0), (0.75, 0.58), (0.75, 0.5)], 0xC8102E),
    Cross(0.75, 0.5, 0.333, W), Cross(0.75, 0.5, 0.2, 0xC8102E),
];
#[rustfmt::skip]
const AUSTRALIA: &[Layer<'_>] = &[
    Rows(&[0x012169]), Canton(0.5, UNION), Star(0.375, 0.75, 0.13, W), Star(1.125, 0.83, 0.07, W),
    Star(0.94, 0.44, 0.07, W), Star(1.125, 0.17, 0.07, W), Star(1.29, 0.37, 0.07, W), Star(1.2, 0.54, 0.04, W),
];
#[rustfmt::skip]
const STATES: &[Layer<'_>] = &[
    Rows(&[0xB31942, W, 0xB31942, W, 0xB31942, W, 0xB31942, W, 0xB31942, W, 0xB31942, W, 0xB31942]),
    Box([0.0, 0.0, 0.6, 0.5385], 0x0A3161),
    Star(0.12, 0.1, 0.05, W), Star(0.3, 0.1, 0.05, W), Star(0.48, 0.1, 0.05, W), Star(0.12, 0.27, 0.05, W),
    Star(0.3, 0.27, 0.05, W), Star(0.48, 0.27, 0.05, W), Star(0.12, 0.44, 0.05, W), Star(0.3, 0.44, 0.05, W),
    Star(0.48, 0.44, 0.05, W),
];

/// Real flags, in full.
#[rustfmt::skip]
const REAL: Designs = &[
    ("ae", &[Rows(&[0x00843D, W, K]), Box([0.0, 0.0, 0.375, 1.0], 0xC8102E)]),
    ("am", &[Rows(&[0xD90012, 0x0033A0, 0xF2A800])]),
    ("at", &[Rows(&[0xC8102E, W, 0xC8102E])]),
    ("aw", &[Rows(&[0x418FDE]), Box([0.0, 0.67, 1.5, 0.72], 0xF9D616), Box([0.0, 0.78, 1.5, 0.83], 0xF9D616),
        Polygon(&[(0.3, 0.04), (0.37, 0.23), (0.56, 0.3), (0.37, 0.37), (0.3, 0.56), (0.23, 0.37), (0.04, 0.3), (0.23, 0.23)], W),
        Polygon(&[(0.3, 0.1), (0.35, 0.25), (0.5, 0.3), (0.35, 0.35), (0.3, 0.5), (0.25, 0.35), (0.1, 0.3), (0.25, 0.25)], 0xD22730)]),
    ("ax", &[Rows(&[0x0053A5]), Cross(0.618, 0.5, 0.294, 0xFFCE00), Cross(0.618, 0.5, 0.118, 0xD21034)]),
    ("bd", &[Rows(&[0x006A4E]), Disc(0.675, 0.5, 0.333, 0xF42A41)]),
    ("be", &[Columns(&[0x2D2926, 0xFFCD00, 0xC8102E])]),
    ("bf", &[Rows(&[0xEF2B2D, 0x009E49]), Star(0.75, 0.5, 0.2, 0xFCD116)]),
    ("bg", &[Rows(&[W, 0x00966E, 0xD62612])]),
    ("bh", &[Rows(&[W]), Polygon(&[(1.5, 0.0), (0.45, 0.0), (0.65, 0.1), (0.45, 0.2), (0.65, 0.3), (0.45, 0.4), (0.65, 0.5),
        (0.45, 0.6), (0.65, 0.7), (0.45, 0.8), (0.65, 0.9), (0.45, 1.0), (1.5, 1.0)], 0xDA291C)]),
    ("bj", &[Rows(&[0xFCD116, 0xE8112D]), Box([0.0, 0.0, 0.6, 1.0], 0x008751)]),
    ("bl", FRANCE),
    ("bo", &[Rows(&[0xD52B1E, 0xF9E300, 0x007934])]),
    ("bq", NETHERLANDS),
    ("bs", &[Rows(&[0x00778B, 0xFFC72C, 0x00778B]), Hoist(0.866, K)]),
    ("bv", NORWAY),
    ("bw", &[Rows(&[0x75AADB]), Box([0.0, 0.375, 1.5, 0.625], W), Box([0.0, 0.417, 1.5, 0.583], K)]),
    ("cd", &[Rows(&[0x007FFF]), Polygon(&[(0.0, 1.0), (0.0, 0.72), (1.08, 0.0), (1.5, 0.0), (1.5, 0.28), (0.42, 1.0)], 0xF7D618),
        Polygon(&[(0.0, 1.0), (0.0, 0.79), (1.19, 0.0), (1.5, 0.0), (1.5, 0.21), (0.31, 1.0)], 0xCE1021), Star(0.28, 0.26, 0.2, 0xF7D618)]),
    ("cf", &[Rows(&[0x003082, W, 0x289728, 0xFFCE00]), Box([0.625, 0.0, 0.875, 1.0], 0xD21034), Star(0.2, 0.125, 0.1, 0xFFCE00)]),
    ("cg", &[Rows(&[0xDC241F]), Polygon(&[(0.0, 1.0), (1.0, 0.0), (1.5, 0.0), (0.5, 1.0)], 0xFBDE4A),
        Polygon(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)], 0x009543)]),
    ("ch", &[Rows(&[0xDA291C]), Plus(0.75, 0.5, 0.3125, 0.1875, W)]),
    ("ci", &[Columns(&[0xFF8200, W, 0x009A44])]),
    ("cl", &[Rows(&[W, 0xDA291C]), Box([0.0, 0.0, 0.5, 0.5], 0x0032A0), Star(0.25, 0.25, 0.125, W)]),
    ("cm", &[Columns(&[0x007A5E, 0xCE1126, 0xFCD116]), Star(0.75, 0.5, 0.16, 0xFCD116)]),
    ("cn", &[Rows(&[0xEE1C25]), Star(0.25, 0.25, 0.15, 0xFFFF00), Star(0.5, 0.1, 0.05, 0xFFFF00), Star(0.6, 0.2, 0.05, 0xFFFF00),
        Star(0.6, 0.35, 0.05, 0xFFFF00), Star(0.5, 0.45, 0.05, 0xFFFF00)]),
    ("co", &[Rows(&[0xFCD116, 0xFCD116, 0x003893, 0xCE1126])]),
    ("cr", &[Rows(&[0x002B7F, W, 0xCE1126, 0xCE1126, W, 0x002B7F])]),
    ("cu", &[Rows(&[0x002A8F, W, 0x002A8F, W, 0x002A8F]), Hoist(0.866, 0xCB1515), Star(0.289, 0.5, 0.17, W)]),
    ("cw", &[Rows(&[0x002B7F]), Box([0.0, 0.625, 1.5, 0.75], 0xF9E814), Star(0.17, 0.17, 0.08, W), Star(0.35, 0.35, 0.11, W)]),
    ("cz", &[Rows(&[W, 0xD7141A]), Hoist(0.75, 0x11457E)]),
    ("de", &[Rows(&[K, 0xDD0000, 0xFFCC00])]),
    ("dj", &[Rows(&[0x6AB2E7, 0x12AD2B]), Hoist(0.866, W), Star(0.289, 0.5, 0.14, 0xD7141A)]),
    ("dk", &[Rows(&[0xC8102E]), Cross(0.5, 0.5, 0.143, W)]),
    ("do", &[Columns(&[0x002D62, 0xCE1126]), Box([0.0, 0.5, 0.75, 1.0], 0xCE1126), Box([0.75, 0.5, 1.5, 1.0], 0x002D62), Cross(0.75, 0.5, 0.2, W)]),
    ("dz", &[Columns(&[0x006633, W]), Crescent([0.75, 0.5, 0.25], [0.8, 0.5, 0.2], 0xD21034), Star(0.84, 0.5, 0.12, 0xD21034)]),
    ("ee", &[Rows(&[0x0072CE, K, W])]),
    ("eh", &[Rows(&[K, W, 0x007A3D]), Hoist(0.5, 0xC4111B), Crescent([0.83, 0.5, 0.14], [0.88, 0.5, 0.12], 0xC4111B), Star(0.92, 0.5, 0.08, 0xC4111B)]),
    ("es", &[Rows(&[0xAA151B, 0xF1BF00, 0xF1BF00, 0xAA151B])]),
    ("fi", &[Rows(&[W]), Cross(0.59, 0.5, 0.273, 0x002F6C)]),
    ("fm", &[Rows(&[0x75B2DD]), Star(0.75, 0.22, 0.1, W), Star(0.75, 0.78, 0.1, W), Star(0.36, 0.5, 0.1, W), Star(1.14, 0.5, 0.1, W)]),
    ("fo", &[Rows(&[W]), Cross(0.5, 0.5, 0.25, 0x003897), Cross(0.5, 0.5, 0.125, 0xD72828)]),
    ("fr", FRANCE),
    ("ga", &[Rows(&[0x009E60, 0xFCD116, 0x3A75C4])]),
    ("gb", UNION),
    ("ge", &[Rows(&[W]), Cross(0.75, 0.5, 0.2, 0xDA291C), Plus(0.325, 0.2, 0.1, 0.06, 0xDA291C), Plus(1.175, 0.2, 0.1, 0.06, 0xDA291C),
        Plus(0.325, 0.8, 0.1, 0.06, 0xDA291C), Plus(1.175, 0.8, 0.1, 0.06, 0xDA291C)]),
    ("gf", FRANCE),
    ("gg", &[Rows(&[W]), Cross(0.75, 0.5, 0.25, 0xE8112D), Plus(0.75, 0.5, 0.42, 0.083, 0xF9DD16)]),
    ("gh", &[Rows(&[0xCF0921, 0xFCD20F, 0x006B3D]), Star(0.75, 0.5, 0.17, K)]),
    ("gl", &[Rows(&[W, 0xD00C33]), Disc(0.583, 0.5, 0.333, W), Polygon(&[(0.25, 0.5), (0.275, 0.372), (0.348, 0.264), (0.456, 0.192),
        (0.583, 0.167), (0.711, 0.192), (0.819, 0.264), (0.891, 0.372), (0.917, 0.5)], 0xD00C33)]),
    ("gm", &[Rows(&[0xCE1126, 0x0C1C8C, 0x3A7728]), Box([0.0, 0.333, 1.5, 0.389], W), Box([0.0, 0.611, 1.5, 0.667], W)]),
    ("gn", &[Columns(&[0xCE1126, 0xFCD116, 0x009460])]),
    ("gp", FRANCE),
    ("gr", &[Rows(&[0x0D5EAF, W, 0x0D5EAF, W, 0x0D5EAF, W, 0x0D5EAF, W, 0x0D5EAF]), Box([0.0, 0.0, 0.556, 0.556], 0x0D5EAF),
        Plus(0.278, 0.278, 0.278, 0.111, W)]),
    ("gt", &[Columns(&[0x4997D0, W, 0x4997D0])]),
    ("gw", &[Rows(&[0xFCD116, 0x009E49]), Box([0.0, 0.0, 0.5, 1.0], 0xCE1126), Star(0.25, 0.5, 0.17, K)]),
    ("gy", &[Rows(&[0x009739]), Hoist(1.5, W), Polygon(&[(0.0, 0.04), (1.38, 0.5), (0.0, 0.96)], 0xFCD116), Hoist(0.75, K),
        Polygon(&[(0.0, 0.06), (0.66, 0.5), (0.0, 0.94)], 0xCE1126)]),
    ("hm", AUSTRALIA),
    ("hn", &[Rows(&[0x00BCE4, W, 0x00BCE4]), Star(0.75, 0.5, 0.06, 0x00BCE4), Star(0.58, 0.42, 0.06, 0x00BCE4), Star(0.92, 0.42, 0.06, 0x00BCE4),
        Star(0.58, 0.58, 0.06, 0x00BCE4), Star(0.92, 0.58, 0.06, 0x00BCE4)]),
    ("ht", &[Rows(&[0x00209F, 0xD21034])]),
    ("hu", &[Rows(&[0xCE2939, W, 0x477050])]),
    ("id", &[Rows(&[0xFF0000, W])]),
    ("ie", &[Columns(&[0x169B62, W, 0xFF883E])]),
    ("il", &[Rows(&[W]), Box([0.0, 0.094, 1.5, 0.25], 0x0038B8), Box([0.0, 0.75, 1.5, 0.906], 0x0038B8),
        Polygon(&[(0.75, 0.3), (0.923, 0.6), (0.577, 0.6), (0.75, 0.3), (0.75, 0.36), (0.629, 0.57), (0.871, 0.57), (0.75, 0.36)], 0x0038B8),
        Polygon(&[(0.75, 0.7), (0.923, 0.4), (0.577, 0.4), (0.75, 0.7), (0.75, 0.64), (0.629, 0.43), (0.871, 0.43), (0.75, 0.64)], 0x0038B8)]),
    ("is", &[Rows(&[0x02529C]), Cross(0.5, 0.5, 0.222, W), Cross(0.5, 0.5, 0.111, 0xDC1E35)]),
    ("it", &[Columns(&[0x009246, W, 0xCE2B37])]),
    ("jm", &[Rows(&[0x009B3A]), Hoist(0.75, K), Polygon(&[(1.5, 0.0), (0.75, 0.5), (1.5, 1.0)], K), Saltire(0.18, 0xFED100)]),
    ("jp", &[Rows(&[W]), Disc(0.75, 0.5, 0.3, 0xBC002D)]),
    ("kn", &[Rows(&[0xCE1126]), Polygon(&[(0.0, 0.0), (1.5, 0.0), (0.0, 1.0)], 0x009E49),
        Polygon(&[(0.0, 1.0), (0.0, 0.7), (1.05, 0.0), (1.5, 0.0), (1.5, 0.3), (0.45, 1.0)], 0xFCD116),
        Polygon(&[(0.0, 1.0), (0.0, 0.77), (1.16, 0.0), (1.5, 0.0), (1.5, 0.23), (0.34, 1.0)], K), Star(0.45, 0.7, 0.1, W), Star(1.05, 0.3, 0.1, W)]),
    ("kp", &[Rows(&[0x024FA2]), Box([0.0, 0.167, 1.5, 0.833], W), Box([0.0, 0.194, 1.5, 0.806], 0xED1C27), Disc(0.5, 0.5, 0.22, W), Star(0.5, 0.5, 0.21, 0xED1C27)]),
    ("kw", &[Rows(&[0x007A3D, W, 0xCE1126]), Polygon(&[(0.0, 0.0), (0.375, 0.333), (0.375, 0.667), (0.0, 1.0)], K)]),
    ("la", &[Rows(&[0xCE1126, 0x002868, 0x002868, 0xCE1126]), Disc(0.75, 0.5, 0.2, W)]),
    ("lc", &[Rows(&[0x65CFFF]), Polygon(&[(0.75, 0.1), (1.14, 0.89), (0.36, 0.89)], W), Polygon(&[(0.75, 0.2), (1.08, 0.89), (0.42, 0.89)], K),
        Polygon(&[(0.75, 0.5), (1.14, 0.89), (0.36, 0.89)], 0xFCD116)]),
    ("lr", &[Rows(&[0xBF0A30, W, 0xBF0A30, W, 0xBF0A30, W, 0xBF0A30, W, 0xBF0A30, W, 0xBF0A30]), Box([0.0, 0.0, 0.4545, 0.4545], 0x002868),
        Star(0.227, 0.227, 0.17, W)]),
    ("lt", &[Rows(&[0xFDB913, 0x006A44, 0xC1272D])]),
    ("lu", &[Rows(&[0xEF3340, W, 0x00A3E0])]),
    ("lv", &[Rows(&[0x9E3039, 0x9E3039, W, 0x9E3039, 0x9E3039])]),
    ("ly", &[Rows(&[0xE70013, K, K, 0x239E46]), Crescent([0.73, 0.5, 0.125], [0.76, 0.5, 0.105], W), Star(0.85, 0.5, 0.07, W)]),
    ("mc", &[Rows(&[0xCE1126, W])]),
    ("mf", FRANCE),
    ("mg", &[Rows(&[0xFC3D32, 0x007E3A]), Box([0.0, 0.0, 0.5, 1.0], W)]),
    ("ml", &[Columns(&[0x14B53A, 0xFCD116, 0xCE1126])]),
    ("mm", &[Rows(&[0xFECB00, 0x34B233, 0xEA2839]), Star(0.75, 0.53, 0.34, W)]),
    ("mr", &[Rows(&[0x00A95C]), Box([0.0, 0.0, 1.5, 0.15], 0xD01C1F), Box([0.0, 0.85, 1.5, 1.0], 0xD01C1F),
        Crescent([0.75, 0.47, 0.3], [0.75, 0.35, 0.3], 0xFFD700), Star(0.75, 0.36, 0.12, 0xFFD700)]),
    ("mu", &[Rows(&[0xEA2839, 0x1A206D, 0xFFD500, 0x00A551])]),
    ("mv", &[Rows(&[0xD21034]), Box([0.375, 0.25, 1.125, 0.75], 0x007E3A), Crescent([0.75, 0.5, 0.167], [0.82, 0.5, 0.15], W)]),
    ("ne", &[Rows(&[0xE05206, W, 0x0DB02B]), Disc(0.75, 0.5, 0.14, 0xE05206)]),
    ("ng", &[Columns(&[0x008751, W, 0x008751])]),
    ("nl", NETHERLANDS),
    ("no", NORWAY),
    ("nz", &[Rows(&[0x012169]), Canton(0.5, UNION), Star(1.125, 0.2, 0.08, W), Star(0.95, 0.42, 0.08, W), Star(1.3, 0.37, 0.08, W),
        Star(1.125, 0.8, 0.09, W), Star(1.125, 0.2, 0.05, 0xC8102E), Star(0.95, 0.42, 0.05, 0xC8102E), Star(1.3, 0.37, 0.05, 0xC8102E),
        Star(1.125, 0.8, 0.06, 0xC8102E)]),
    ("pa", &[Columns(&[W, 0xDA121A]), Box([0.0, 0.5, 0.75, 1.0], 0x072357), Box([0.75, 0.5, 1.5, 1.0], W), Star(0.375, 0.25, 0.14, 0x072357),
        Star(1.125, 0.75, 0.14, 0xDA121A)]),
    ("pe", &[Columns(&[0xD91023, W, 0xD91023])]),
    ("pk", &[Rows(&[0x01411C]), Box([0.0, 0.0, 0.375, 1.0], W), Crescent([0.94, 0.5, 0.3], [1.01, 0.43, 0.27], W), Star(1.08, 0.36, 0.1, W)]),
    ("pl", &[Rows(&[W, 0xDC143C])]),
    ("pm", FRANCE),
    ("pr", &[Rows(&[0xED0000, W, 0xED0000, W, 0xED0000]), Hoist(0.866, 0x0050F0), Star(0.289, 0.5, 0.17, W)]),
    ("ps", &[Rows(&[K, W, 0x007A3D]), Hoist(0.5, 0xCE1126)]),
    ("pw", &[Rows(&[0x4AADD6]), Disc(0.66, 0.5, 0.3, 0xFFDE00)]),
    ("qa", &[Rows(&[W]), Polygon(&[(1.5, 0.0), (0.45, 0.0), (0.6, 0.056), (0.45, 0.111), (0.6, 0.167), (0.45, 0.222), (0.6, 0.278), (0.45, 0.333),
        (0.6, 0.389), (0.45, 0.444), (0.6, 0.5), (0.45, 0.556), (0.6, 0.611), (0.45, 0.667), (0.6, 0.722), (0.45, 0.778), (0.6, 0.833),
        (0.45, 0.889), (0.6, 0.944), (0.45, 1.0), (1.5, 1.0)], 0x8A1538)]),
    ("re", FRANCE),
    ("ro", &[Columns(&[0x002B7F, 0xFCD116, 0xCE1126])]),
    ("rs", &[Rows(&[0xC6363C, 0x0C4076, W])]),
    ("ru", &[Rows(&[W, 0x0039A6, 0xD52B1E])]),
    ("sb", &[Rows(&[0x215B33]), Polygon(&[(0.0, 0.0), (1.5, 0.0), (0.0, 1.0)], 0x0051BA),
        Polygon(&[(0.0, 1.0), (0.0, 0.95), (1.43, 0.0), (1.5, 0.0), (1.5, 0.05), (0.07, 1.0)], 0xFCD116), Star(0.15, 0.12, 0.07, W),
        Star(0.5, 0.12, 0.07, W), Star(0.325, 0.26, 0.07, W), Star(0.15, 0.4, 0.07, W), Star(0.5, 0.4, 0.07, W)]),
    ("sc", &[Rows(&[0x007A39]), Polygon(&[(0.0, 1.0), (0.0, 0.0), (0.5, 0.0)], 0x003D88), Polygon(&[(0.0, 1.0), (0.5, 0.0), (1.0, 0.0)], 0xFCD955),
        Polygon(&[(0.0, 1.0), (1.0, 0.0), (1.5, 0.0), (1.5, 0.333)], 0xD92223), Polygon(&[(0.0, 1.0), (1.5, 0.333), (1.5, 0.667)], W)]),
    ("sd", &[Rows(&[0xD21034, W, K]), Hoist(0.5, 0x007229)]),
    ("se", &[Rows(&[0x006AA7]), Cross(0.6, 0.5, 0.2, 0xFECC02)]),
    ("sg", &[Rows(&[0xEF3340, W]), Crescent([0.28, 0.25, 0.18], [0.36, 0.25, 0.18], W), Star(0.42, 0.13, 0.05, W), Star(0.33, 0.21, 0.05, W),
        Star(0.51, 0.21, 0.05, W), Star(0.36, 0.34, 0.05, W), Star(0.48, 0.34, 0.05, W)]),
    ("sj", NORWAY),
    ("sl", &[Rows(&[0x1EB53A, W, 0x0072C6])]),
    ("sn", &[Columns(&[0x00853F, 0xFDEF42, 0xE31B23]), Star(0.75, 0.5, 0.165, 0x00853F)]),
    ("so", &[Rows(&[0x4189DD]), Star(0.75, 0.5, 0.29, W)]),
    ("sr", &[Rows(&[0x377E3F, 0x377E3F, W, 0xB40A2D, 0xB40A2D, 0xB40A2D, 0xB40A2D, W, 0x377E3F, 0x377E3F]), Star(0.75, 0.5, 0.2, 0xECC81D)]),
    ("ss", &[Rows(&[K, 0xDA121A, 0x078930]), Box([0.0, 0.3, 1.5, 0.35], W), Box([0.0, 0.65, 1.5, 0.7], W), Hoist(0.866, 0x0F47AF), Star(0.289, 0.5, 0.18, 0xFCDD09)]),
    ("st", &[Rows(&[0x12AD2B, 0x12AD2B, 0xFFCE00, 0xFFCE00, 0xFFCE00, 0x12AD2B, 0x12AD2B]), Hoist(0.375, 0xD21034), Star(0.75, 0.5, 0.13, K), Star(1.15, 0.5, 0.13, K)]),
    ("sy", &[Rows(&[0x007A3D, W, K]), Star(0.4, 0.5, 0.13, 0xCE1126), Star(0.75, 0.5, 0.13, 0xCE1126), Star(1.1, 0.5, 0.13, 0xCE1126)]),
    ("td", &[Columns(&[0x002664, 0xFECB00, 0xC60C30])]),
    ("tg", &[Rows(&[0x006A4E, 0xFFCE00, 0x006A4E, 0xFFCE00, 0x006A4E]), Box([0.0, 0.0, 0.6, 0.6], 0xD21034), Star(0.3, 0.3, 0.2, W)]),
    ("th", &[Rows(&[0xA51931, 0xF4F5F8, 0x2D2A4A, 0x2D2A4A, 0xF4F5F8, 0xA51931])]),
    ("tl", &[Rows(&[0xDC241F]), Hoist(0.75, 0xFFC726), Hoist(0.5, K), Star(0.18, 0.5, 0.14, W)]),
    ("tn", &[Rows(&[0xE70013]), Disc(0.75, 0.5, 0.25, W), Crescent([0.75, 0.5, 0.1875], [0.79, 0.5, 0.15], 0xE70013), Star(0.81, 0.5, 0.11, 0xE70013)]),
    ("to", &[Rows(&[0xC10000]), Box([0.0, 0.0, 0.6, 0.5], W), Plus(0.3, 0.25, 0.19, 0.12, 0xC10000)]),
    ("tr", &[Rows(&[0xE30A17]), Crescent([0.5, 0.5, 0.25], [0.5625, 0.5, 0.2], W), Star(0.71, 0.5, 0.125, W)]),
    ("tt", &[Rows(&[0xDA1A35]), Polygon(&[(0.0, 0.0), (0.4, 0.0), (1.5, 1.0), (1.1, 1.0)], W), Polygon(&[(0.06, 0.0), (0.34, 0.0), (1.44, 1.0), (1.16, 1.0)], K)]),
    ("tz", &[Rows(&[0x00A3DD]), Polygon(&[(0.0, 0.0), (1.5, 0.0), (0.0, 1.0)], 0x1EB53A),
        Polygon(&[(0.0, 1.0), (0.0, 0.72), (1.08, 0.0), (1.5, 0.0), (1.5, 0.28), (0.42, 1.0)], 0xFCD116),
        Polygon(&[(0.0, 1.0), (0.0, 0.8), (1.2, 0.0), (1.5, 0.0), (1.5, 0.2), (0.3, 1.0)], K)]),
    ("ua", &[Rows(&[0x0057B7, 0xFFD700])]),
    ("vc", &[Columns(&[0x0072C6, 0xFCD116, 0xFCD116, 0x009E60]), Polygon(&[(0.6, 0.24), (0.7, 0.41), (0.6, 0.58), (0.5, 0.41)], 0x009E60),
        Polygon(&[(0.9, 0.24), (1.0, 0.41), (0.9, 0.58), (0.8, 0.41)], 0x009E60), Polygon(&[(0.75, 0.49), (0.85, 0.66), (0.75, 0.83), (0.65, 0.66)], 0x009E60)]),
    ("vn", &[Rows(&[0xDA251D]), Star(0.75, 0.5, 0.3, 0xFFFF00)]),
    ("wf", FRANCE),
    ("ws", &[Rows(&[0xCE1126]), Box([0.0, 0.0, 0.75, 0.5], 0x002B7F), Star(0.375, 0.09, 0.07, W), Star(0.26, 0.2, 0.07, W), Star(0.49, 0.18, 0.07, W),
        Star(0.43, 0.29, 0.04, W), Star(0.375, 0.41, 0.08, W)]),
    ("ye", &[Rows(&[0xCE1126, W, K])]),
    ("yt", FRANCE),
    ("za", &[Rows(&[0xE03C31, 0x001489]), Polygon(&[(0.0, 0.0), (0.3, 0.0), (0.8, 0.333), (1.5, 0.333), (1.5, 0.667), (0.8, 0.667), (0.3, 1.0), (0.0, 1.0)], W),
        Hoist(0.75, 0xFFB81C), Polygon(&[(0.0, 0.2), (0.45, 0.5), (0.0, 0.8)], K),
        Polygon(&[(0.0, 0.0), (0.18, 0.0), (0.78, 0.4), (1.5, 0.4), (1.5, 0.6), (0.78, 0.6), (0.18, 1.0), (0.0, 1.0), (0.0, 0.88), (0.57, 0.5), (0.0, 0.12)], 0x007749)]),
];

/// Flags whose arms, writing or small parts are left out or stand as a plain
/// disc or star.
#[rustfmt::skip]
const REDUCED: Designs = &[
    ("ar", &[Rows(&[0x74ACDF, W, 0x74ACDF]), Disc(0.75, 0.5, 0.09, 0xF6B40E)]),
    ("au", AUSTRALIA),
    ("az", &[Rows(&[0x00B5E2, 0xEF3340, 0x509E2F]), Crescent([0.72, 0.5, 0.15], [0.76, 0.5, 0.125], W), Star(0.86, 0.5, 0.07, W)]),
    ("bi", &[Rows(&[0xCE1126]), Hoist(0.75, 0x1EB53A), Polygon(&[(1.5, 0.0), (0.75, 0.5), (1.5, 1.0)], 0x1EB53A), Saltire(0.16, W), Disc(0.75, 0.5, 0.26, W),
        Star(0.75, 0.37, 0.08, 0xCE1126), Star(0.64, 0.57, 0.08, 0xCE1126), Star(0.86, 0.57, 0.08, 0xCE1126)]),
    ("br", &[Rows(&[0x009739]), Polygon(&[(0.13, 0.5), (0.75, 0.09), (1.37, 0.5), (0.75, 0.91)], 0xFEDD00), Disc(0.75, 0.5, 0.25, 0x012169)]),
    ("ca", &[Columns(&[0xD52B1E, W, W, 0xD52B1E]), Polygon(&[(0.75, 0.15), (0.81, 0.28), (0.88, 0.25), (0.86, 0.43), (0.95, 0.36), (1.04, 0.45), (1.02, 0.52),
        (0.89, 0.66), (0.77, 0.66), (0.77, 0.85), (0.73, 0.85), (0.73, 0.66), (0.61, 0.66), (0.48, 0.52), (0.46, 0.45), (0.55, 0.36), (0.64, 0.43),
        (0.62, 0.25), (0.69, 0.28)], 0xD52B1E)]),
    ("eg", &[Rows(&[0xCE1126, W, K]), Disc(0.75, 0.5, 0.1, 0xC09300)]),
    ("et", &[Rows(&[0x078930, 0xFCDD09, 0xDA121A]), Disc(0.75, 0.5, 0.27, 0x0F47AF), Star(0.75, 0.5, 0.23, 0xFCDD09), Star(0.75, 0.5, 0.12, 0x0F47AF)]),
    ("in", &[Rows(&[0xFF9933, W, 0x138808]), Crescent([0.75, 0.5, 0.15], [0.75, 0.5, 0.12], 0x000080), Disc(0.75, 0.5, 0.04, 0x000080)]),
    ("ir", &[Rows(&[0x239F40, W, 0xDA0000]), Disc(0.75, 0.5, 0.1, 0xDA0000)]),
    ("jo", &[Rows(&[K, W, 0x007A3D]), Hoist(0.75, 0xCE1126), Star(0.25, 0.5, 0.09, W)]),
    ("ke", &[Rows(&[K, 0x922529, 0x008C51]), Box([0.0, 0.3, 1.5, 0.35], W), Box([0.0, 0.65, 1.5, 0.7], W),
        Polygon(&[(0.75, 0.12), (0.92, 0.5), (0.75, 0.88), (0.58, 0.5)], 0x922529), Polygon(&[(0.75, 0.4), (0.79, 0.5), (0.75, 0.6), (0.71, 0.5)], W)]),
    ("km", &[Rows(&[0xFFD100, W, 0xCE1126, 0x3A75C4]), Hoist(0.75, 0x009543), Crescent([0.24, 0.5, 0.16], [0.3, 0.5, 0.14], W), Star(0.33, 0.5, 0.06, W)]),
    ("kr", &[Rows(&[W]), Disc(0.75, 0.5, 0.25, 0x0047A0), Polygon(&[(0.5, 0.5), (0.519, 0.404), (0.573, 0.323), (0.654, 0.269), (0.75, 0.25), (0.846, 0.269),
        (0.927, 0.323), (0.981, 0.404), (1.0, 0.5)], 0xCD2E3A), Disc(0.625, 0.5, 0.125, 0xCD2E3A), Disc(0.875, 0.5, 0.125, 0x0047A0)]),
    ("ma", &[Rows(&[0xC1272D]), Star(0.75, 0.5, 0.3, 0x006233), Star(0.75, 0.5, 0.2, 0xC1272D)]),
    ("mw", &[Rows(&[K]), Disc(0.75, 0.333, 0.18, 0xCE1126), Box([0.0, 0.333, 1.5, 0.667], 0xCE1126), Box([0.0, 0.667, 1.5, 1.0], 0x339E35)]),
    ("mx", &[Columns(&[0x006847, W, 0xCE1126]), Disc(0.75, 0.5, 0.13, 0x8C6A3A)]),
    ("my", &[Rows(&[0xCC0001, W, 0xCC0001, W, 0xCC0001, W, 0xCC0001, W, 0xCC0001, W, 0xCC0001, W, 0xCC0001, W]), Box([0.0, 0.0, 0.75, 0.5714], 0x010066),
        Crescent([0.3, 0.286, 0.2], [0.36, 0.286, 0.175], 0xFFCC00), Star(0.5, 0.286, 0.14, 0xFFCC00)]),
    ("nr", &[Rows(&[0x002B7F]), Box([0.0, 0.458, 1.5, 0.542], 0xFFC61E), Star(0.375, 0.75, 0.16, W)]),
    ("om", &[Rows(&[W, 0xDB161B, 0x008000]), Box([0.0, 0.0, 0.375, 1.0], 0xDB161B)]),
    ("ph", &[Rows(&[0x0038A8, 0xCE1126]), Hoist(0.866, W), Disc(0.289, 0.5, 0.11, 0xFCD116), Star(0.08, 0.16, 0.06, 0xFCD116), Star(0.08, 0.84, 0.06, 0xFCD116),
        Star(0.7, 0.5, 0.06, 0xFCD116)]),
    ("pt", &[Columns(&[0x046A38, 0x046A38, 0xDA291C, 0xDA291C, 0xDA291C]), Disc(0.6, 0.5, 0.17, 0xFFE900), Disc(0.6, 0.5, 0.1, 0xDA291C), Disc(0.6, 0.5, 0.06, W)]),
    ("rw", &[Rows(&[0x00A1DE, 0x00A1DE, 0xE5BE01, 0x20603D]), Disc(1.2, 0.25, 0.12, 0xE5BE01)]),
    ("tw", &[Rows(&[0xFE0000]), Box([0.0, 0.0, 0.75, 0.5], 0x000095), Disc(0.375, 0.25, 0.15, W)]),
    ("ug", &[Rows(&[K, 0xFCDC04, 0xD90000, K, 0xFCDC04, 0xD90000]), Disc(0.75, 0.5, 0.17, W)]),
    ("um", STATES),
    ("us", STATES),
    ("uy", &[Rows(&[W, 0x0038A8, W, 0x0038A8, W, 0x0038A8, W, 0x0038A8, W]), Box([0.0, 0.0, 0.5, 0.556], W), Disc(0.25, 0.28, 0.14, 0xFCD116)]),
    ("uz", &[Rows(&[0x0099B5, W, 0x1EB53A]), Box([0.0, 0.32, 1.5, 0.345], 0xCE1126), Box([0.0, 0.655, 1.5, 0.68], 0xCE1126),
        Crescent([0.21, 0.16, 0.12], [0.25, 0.16, 0.12], W), Star(0.4, 0.16, 0.06, W), Star(0.52, 0.16, 0.06, W)]),
    ("ve", &[Rows(&[0xFFCC00, 0x00247D, 0xCF142B]), Star(0.55, 0.55, 0.05, W), Star(0.65, 0.47, 0.05, W), Star(0.75, 0.44, 0.05, W), Star(0.85, 0.47, 0.05, W),
        Star(0.95, 0.55, 0.05, W)]),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::codes::codes;
    use super::*;

    #[test]
    fn no_code_has_two_designs_and_every_design_has_a_code() {
        let mut seen = HashSet::new();
        for (code, _) in REAL.iter().chain(REDUCED) {
            assert!(seen.insert(code), "{code} twice");
            assert!(codes().any(|known| known == *code), "{code}");
        }
    }

    #[test]
    fn japan_is_a_red_disc_on_white() {
        let pixels = picture("jp");
        let middle = (20 * 60 + 30) * 3;
        assert_eq!(pixels[..3], [255, 255, 255]);
        assert_eq!(pixels[middle..middle + 3], [0xBC, 0x00, 0x2D]);
    }
}
