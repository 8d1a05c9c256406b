//! `/flags/{code}.jpg` and `.png`: a flag for every ISO 3166-1 alpha-2 code.
//!
//! Promises: an image's bytes, `ETag` and `Last-Modified` are the same in
//! every run of one build; each image is encoded once, when it is first asked
//! for, so that an origin starts at once; codes are lower case and anything
//! else is 404.
//!
//! What surprises: `Last-Modified` is a fixed day, since an image that is made
//! when it is asked for would otherwise look new after every start.

use std::hash::{DefaultHasher, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use super::codes::codes;
use super::designs;
use super::document::{Asked, Document};
use super::paint::{HEIGHT, WIDTH};

/// The day all flags were last modified: 1 January 2026, in Unix seconds.
const MODIFIED: Duration = Duration::from_secs(1_767_225_600);

/// All images; empty places are filled as they are asked for.
#[derive(Debug)]
struct Album {
    /// In alphabetical order of the codes, so that one is found quickly.
    flags: Vec<Flag>,
}

#[derive(Debug)]
struct Flag {
    code: &'static str,
    jpeg: OnceLock<Image>,
    png: OnceLock<Image>,
}

#[derive(Debug)]
struct Image {
    document: Document,
    bytes: Bytes,
}

/// The flags' part of the origin.
pub(crate) fn routes() -> Router {
    Router::new().route("/flags/{file}", get(answer)).with_state(Arc::new(Album::new()))
}

async fn answer(State(album): State<Arc<Album>>, Path(file): Path<String>, request: Request) -> Response {
    let Some(image) = album.image(&file) else {
        return (StatusCode::NOT_FOUND, "no such flag\n").into_response();
    };
    let asked = image.document.asked(request.method(), request.headers());
    let bytes = match asked {
        Asked::Whole => image.bytes.clone(),
        Asked::Part { first, last } => image.slice(first, last),
        Asked::Unchanged | Asked::OutOfRange => Bytes::new(),
    };
    image.document.answer(asked, Body::from(bytes))
}

impl Album {
    fn new() -> Album {
        let flags = codes().map(|code| Flag { code, jpeg: OnceLock::new(), png: OnceLock::new() });
        Album { flags: flags.collect() }
    }

    /// The image under a file name such as `cn.jpg`, made now if it is not yet.
    fn image(&self, file: &str) -> Option<&Image> {
        let (code, extension) = file.split_once('.')?;
        let place = self.flags.binary_search_by_key(&code, |flag| flag.code);
        let flag = self.flags.get(place.ok()?)?;
        match extension {
            "jpg" => Some(flag.jpeg.get_or_init(|| {
                let bytes = jpeg(&designs::picture(code));
                Image::new(bytes, HeaderValue::from_static("image/jpeg"))
            })),
            "png" => Some(flag.png.get_or_init(|| {
                let bytes = png(&designs::picture(code));
                Image::new(bytes, HeaderValue::from_static("image/png"))
            })),
            _ => None,
        }
    }
}

impl Image {
    fn new(bytes: Vec<u8>, media_type: HeaderValue) -> Image {
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        let modified = SystemTime::UNIX_EPOCH + MODIFIED;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Image { document: Document::new(hasher.finish(), modified, length, media_type), bytes: Bytes::from(bytes) }
    }

    /// The bytes from `first` to `last`, both of them in it.
    fn slice(&self, first: u64, last: u64) -> Bytes {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.bytes.slice(place(first)..=place(last))
    }
}

fn jpeg(pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 90)
        .encode(pixels, WIDTH, HEIGHT, jpeg_encoder::ColorType::Rgb)
        .expect("a picture has WIDTH * HEIGHT RGB pixels and memory takes every byte");
    bytes
}

fn png(pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH.into(), HEIGHT.into());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(pixels))
        .expect("a picture has WIDTH * HEIGHT RGB pixels and memory takes every byte");
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::conduct::Conduct;
    use super::super::probe::{ask, ask_with, start};
    use super::*;

    fn decode(bytes: &[u8]) -> Vec<u8> {
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height), (60, 40));
        pixels
    }

    #[test]
    fn every_code_has_a_whole_small_jpeg_and_png() {
        let album = Album::new();
        assert_eq!(album.flags.len(), 249);
        for flag in &album.flags {
            let jpeg = &album.image(&format!("{}.jpg", flag.code)).unwrap().bytes;
            assert!(jpeg.starts_with(&[0xFF, 0xD8, 0xFF]), "{}", flag.code);
            assert!(jpeg.ends_with(&[0xFF, 0xD9]), "{}", flag.code);
            let png = &album.image(&format!("{}.png", flag.code)).unwrap().bytes;
            assert_eq!(decode(png), designs::picture(flag.code), "{}", flag.code);
            for image in [jpeg, png] {
                assert!((100..4_096).contains(&image.len()), "{}", image.len());
            }
        }
    }

    #[tokio::test]
    async fn an_unknown_flag_is_not_found() {
        let origin = start(Conduct::default()).await;
        for path in ["/flags/zz.jpg", "/flags/CN.jpg", "/flags/cn.gif", "/flags/cn", "/flags/%23.jpg", "/flags/"] {
            assert_eq!(ask(origin, "GET", path).await.status, 404, "{path}");
        }
    }

    #[tokio::test]
    async fn head_tells_the_same_without_the_body() {
        let origin = start(Conduct::default()).await;
        let got = ask(origin, "GET", "/flags/cn.png").await;
        let head = ask(origin, "HEAD", "/flags/cn.png").await;
        assert_eq!((got.status, head.status), (200, 200));
        for name in ["content-length", "content-type", "etag", "last-modified"] {
            assert_eq!(got.header(name), head.header(name), "{name}");
        }
        assert_eq!(got.header("content-type"), Some("image/png"));
        assert_eq!(got.header("content-length").unwrap(), got.body.len().to_string());
        assert!(head.body.is_empty());
    }

    #[tokio::test]
    async fn a_flag_that_is_known_already_is_not_sent_again() {
        let origin = start(Conduct::default()).await;
        let first = ask(origin, "GET", "/flags/de.jpg").await;
        let etag = first.header("etag").unwrap();
        let again = ask_with(origin, "GET", "/flags/de.jpg", &[("If-None-Match", etag)]).await;
        assert_eq!(again.status, 304);
        assert_eq!(again.header("etag"), Some(etag));
        assert!(again.body.is_empty());
    }

    #[tokio::test]
    async fn a_flag_can_be_continued() {
        let origin = start(Conduct::default()).await;
        let whole = ask(origin, "GET", "/flags/fr.jpg").await.body;
        let rest = ask_with(origin, "GET", "/flags/fr.jpg", &[("Range", "bytes=100-")]).await;
        assert_eq!(rest.status, 206);
        assert_eq!(rest.body, whole[100..]);
    }
}
