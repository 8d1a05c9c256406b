//! The promises that hold for every format.

use proptest::prelude::*;

use super::counted::Counted;
use super::samples::{self, assert_foreign, assert_whole, verdict};
use super::*;

/// A whole file of each format that knows its end, under the format's name.
fn with_an_end() -> Vec<(Format, Vec<u8>)> {
    vec![
        (Format::Jpeg, samples::jpeg()),
        (Format::Png, samples::png()),
        (Format::Gif, samples::gif()),
        (Format::WebP, samples::webp()),
        (Format::Avif, samples::avif()),
        (Format::Avif, samples::avif_sequence()),
        (Format::Heic, samples::heic()),
        (Format::Bmp, samples::bmp()),
        (Format::Tiff, samples::tiff(true, false)),
        (Format::Tiff, samples::tiff(false, false)),
        (Format::Tiff, samples::tiff(true, true)),
        (Format::Tiff, samples::tiff(false, true)),
        (Format::Ico, samples::ico()),
        (Format::JpegXl, samples::jxl()),
        (Format::Svg, samples::svg()),
    ]
}

#[test]
fn a_whole_file_passes() {
    for (format, whole) in with_an_end() {
        assert_whole(format, &whole);
    }
}

#[test]
fn a_file_cut_at_any_byte_never_passes() {
    for (format, whole) in with_an_end() {
        for length in 0..whole.len() {
            let found = verdict(&whole[..length]);
            assert!(found.is_err(), "{format} of {} bytes passes with {length}", whole.len());
        }
    }
}

#[test]
fn a_cut_is_told_as_a_cut_once_the_format_can_be_told() {
    for (format, whole) in with_an_end() {
        // An SVG is told by its root, a BMP by its second header, an AVIF or HEIC by a brand.
        let told = match format {
            Format::Svg => whole.windows(5).position(|root| root == b"<svg ").unwrap() + 5,
            Format::Heic => 24,
            _ => 18,
        };
        for length in told..whole.len() {
            samples::assert_cut(format, &whole[..length]);
        }
    }
}

/// Where a cut cannot be told, named one by one. Whoever makes one of them tell moves it up.
#[test]
fn a_cut_passes_only_where_the_format_cannot_tell() {
    let codestream = samples::jxl_codestream();
    assert_whole(Format::JpegXl, &codestream[..codestream.len() / 2]);

    let mut box_without_length = samples::jxl();
    let place = box_without_length.windows(4).position(|kind| kind == b"jxlc").unwrap() - 4;
    box_without_length[place..place + 4].fill(0);
    assert_whole(Format::JpegXl, &box_without_length[..box_without_length.len() - 1]);

    let second_media = [samples::avif_sequence(), samples::iso_box(*b"mdat", &[9; 50])].concat();
    assert_whole(Format::Avif, &second_media[..samples::avif_sequence().len()]);

    let epilog = [samples::svg(), b"\n<!-- made by hand -->\n".to_vec()].concat();
    assert_whole(Format::Svg, &epilog[..=samples::svg().len()]);
}

#[test]
fn what_follows_the_end_passes_where_the_format_knows_it() {
    for (format, whole) in with_an_end() {
        let boxed = matches!(format, Format::Avif | Format::Heic | Format::JpegXl);
        let padding = if format == Format::Svg { &b"\r\n\r\n"[..] } else { &[0; 7] };
        assert_whole(format, &[&whole, padding].concat());
        if !boxed && format != Format::Svg {
            assert_whole(format, &[&whole[..], &vec![0xA5; 100_000]].concat());
        }
    }
}

#[test]
fn no_bytes_are_no_image() {
    assert_eq!(verdict(&[]), Err(Flaw::Empty));
}

#[test]
fn an_error_page_is_never_an_image() {
    let pages = [
        "<!DOCTYPE html><html><title>404</title><svg xmlns='http://www.w3.org/2000/svg'></svg></html>",
        "<html><body><svg></svg></body></html>",
        "\u{FEFF}\n<!-- cached --><!doctype html><html></html>",
    ];
    for page in pages {
        assert_eq!(verdict(page.as_bytes()), Err(Flaw::NotAnImage { looks_like: "an HTML page" }));
    }
    for text in ["{\"error\":\"BM\"}", "BMW", "GIF", "GIF89", "RIFF", "II*", "MM", "not found", "\u{89}PNG"] {
        assert_foreign(text.as_bytes());
    }
}

#[test]
fn a_page_in_front_of_an_image_is_a_page_and_behind_it_is_a_trailer() {
    let page = b"<html>warning: division by zero</html>";
    for (format, whole) in with_an_end() {
        assert_foreign(&[&page[..], &whole].concat());
        if matches!(format, Format::Jpeg | Format::Png | Format::Gif) {
            assert_whole(format, &[&whole[..], page].concat());
        }
    }
}

#[test]
fn a_usual_large_file_is_settled_by_a_few_pages() {
    let coded = vec![0x42; 5_000_000];
    let jpeg = samples::jpeg();
    let (start, end) = jpeg.split_at(jpeg.len() - 2);
    let profile = [&[0xFF, 0xE2, 0xEA, 0x62][..], &vec![7; 60_000]].concat();
    let jpeg = [&start[..2], &profile, &profile, &profile, &start[2..], &coded, end].concat();
    let png = samples::png();
    let png = [&png[..33], &samples::png_chunk(*b"IDAT", &coded), &png[png.len() - 12..]].concat();
    for (format, bytes) in [(Format::Jpeg, jpeg), (Format::Png, png)] {
        let source = Counted::new(&bytes);
        assert_eq!(check(&source).unwrap(), Ok(format));
        assert!(source.bytes_read() < 40_000, "{format}: {} bytes", source.bytes_read());
        assert!(source.calls() < 12, "{format}: {} calls", source.calls());
    }
}

#[test]
fn no_file_is_held_whole_and_none_is_read_again_and_again() {
    let length = 3_000_000;
    let mut worst = with_an_end();
    for (_, bytes) in &mut worst {
        bytes.truncate(bytes.len() - 1);
        bytes.resize(length, 0x20);
    }
    for (format, bytes) in worst {
        let source = Counted::new(&bytes);
        let _ = check(&source).unwrap();
        assert!(source.largest_read() <= 64 * 1024, "{format}: {} bytes", source.largest_read());
        assert!(source.bytes_read() < 2 * length as u64, "{format}: {} bytes", source.bytes_read());
    }
}

#[test]
fn a_read_that_fails_is_an_error_and_no_verdict() {
    struct Broken;
    impl ReadAt for Broken {
        fn size(&self) -> u64 {
            1000
        }
        fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    assert_eq!(check(&Broken).unwrap_err().kind(), io::ErrorKind::TimedOut);
}

proptest! {
    #[test]
    fn no_bytes_make_a_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = verdict(&bytes);
    }

    #[test]
    fn no_bytes_behind_a_signature_make_a_check_panic(
        which in 0..15_usize,
        kept in 4..40_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let (_, whole) = with_an_end().swap_remove(which);
        let _ = verdict(&[&whole[..kept.min(whole.len())], &bytes].concat());
    }

    #[test]
    fn no_change_to_a_whole_file_makes_a_check_panic(
        which in 0..15_usize,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), edge()), 1..6),
    ) {
        let (_, mut bytes) = with_an_end().swap_remove(which);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let _ = verdict(&bytes);
    }
}

/// Any byte, and more often one at which lengths overflow.
fn edge() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), Just(0), Just(1), Just(0x7F), Just(0xFF)]
}
