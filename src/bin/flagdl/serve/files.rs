//! `/files/…`: the files of one folder, as `--dir` gives it.
//!
//! Promises: nothing outside the folder is ever read, whatever the path says
//! and wherever symbolic links lead (the folder is an open handle, and the
//! system resolves every path beneath it); the body has as many bytes as
//! `Content-Length` says or the connection breaks off; a large file is never
//! in memory as a whole.
//!
//! What surprises: whatever cannot be opened is 404, so that the answer does
//! not tell what lies outside; a folder is 404 too, since there are no
//! listings. Links that stay inside are followed.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path as FilePath, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead as _, ReadBuf};

use super::chance::mix;
use super::document::{Asked, Document};

/// Up to here a body is read at once; from here on it is read in pieces of
/// this size.
const PIECE: u64 = 64 * 1024;

/// The part of the origin that serves `folder`.
pub(crate) fn routes(folder: &FilePath) -> io::Result<Router> {
    let folder = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| io::Error::new(error.kind(), format!("opening {}: {error}", folder.display())))?;
    Ok(Router::new().route("/files/{*path}", get(answer)).with_state(Arc::new(folder)))
}

async fn answer(State(folder): State<Arc<Dir>>, Path(path): Path<String>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    // Disks make threads wait, so this may not happen on the ones that serve.
    let answered = tokio::task::spawn_blocking(move || read(&folder, &path, &head)).await;
    let missing = || (StatusCode::NOT_FOUND, "no such file\n").into_response();
    answered.ok().flatten().unwrap_or_else(missing)
}

/// The answer about the file at `path`, or nothing if there is none to be had.
fn read(folder: &Dir, path: &str, head: &Parts) -> Option<Response> {
    let path = inside(path)?;
    // Asked before opening: opening a pipe would wait for its writer.
    if !folder.metadata(&path).ok()?.is_file() {
        return None;
    }
    let mut file = folder.open(&path).ok()?.into_std();
    let metadata = file.metadata().ok()?;
    let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let version = version(modified, metadata.len());
    let document = Document::new(version, modified, metadata.len(), media_type(&path));

    let asked = document.asked(&head.method, &head.headers);
    let (first, length) = match asked {
        Asked::Whole => (0, metadata.len()),
        Asked::Part { first, last } => (first, last - first + 1),
        Asked::Unchanged | Asked::OutOfRange => (0, 0),
    };
    let body = if head.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        file.seek(SeekFrom::Start(first)).ok()?;
        body(file, length).ok()?
    };
    Some(document.answer(asked, body))
}

/// A path of plain names. The handle refuses the rest as well; this says so
/// before the system is asked.
fn inside(path: &str) -> Option<PathBuf> {
    let path = FilePath::new(path);
    let plain = path.components().all(|component| matches!(component, Component::Normal(_)));
    plain.then(|| path.to_path_buf())
}

/// A file's version: when it was changed, to the nanosecond, and how long it is.
fn version(modified: SystemTime, length: u64) -> u64 {
    let age: Duration = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    mix(mix(age.as_secs()) ^ mix(u64::from(age.subsec_nanos()) << 1) ^ length)
}

fn media_type(path: &FilePath) -> HeaderValue {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let lower = extension.unwrap_or_default().to_ascii_lowercase();
    HeaderValue::from_static(match lower.as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    })
}

/// `length` bytes from where the file stands.
fn body(mut file: std::fs::File, length: u64) -> io::Result<Body> {
    if length > PIECE {
        return Ok(Body::new(Pieces { file: tokio::fs::File::from_std(file), piece: Vec::new(), left: length }));
    }
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact(&mut bytes)?;
    Ok(Body::from(bytes))
}

/// A file that is read as it is sent.
struct Pieces {
    file: tokio::fs::File,
    piece: Vec<u8>,
    left: u64,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let Pieces { file, piece, left } = &mut *self;
        piece.resize(usize::try_from(PIECE.min(*left)).unwrap_or(0), 0);
        let mut buffer = ReadBuf::new(piece);
        ready!(Pin::new(file).poll_read(context, &mut buffer))?;
        let read = buffer.filled().len();
        if read == 0 {
            // The file has become shorter since its length was told.
            *left = 0;
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left -= u64::try_from(read).unwrap_or(*left);
        let mut bytes = std::mem::take(piece);
        bytes.truncate(read);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::SocketAddr;

    use tempfile::TempDir;

    use super::super::conduct::Conduct;
    use super::super::probe::{ask, ask_with, start};

    /// A folder `in` with files, beside a file that nobody may have.
    async fn serving() -> (SocketAddr, TempDir) {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("in");
        fs::create_dir_all(folder.join("deep")).unwrap();
        fs::write(place.path().join("secret.txt"), "secret").unwrap();
        fs::write(folder.join("small.txt"), "0123456789").unwrap();
        fs::write(folder.join("deep/two words.PNG"), "png").unwrap();
        fs::write(folder.join("empty"), "").unwrap();
        let large: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(folder.join("large.bin"), large).unwrap();
        let conduct = Conduct { dir: Some(folder), ..Conduct::default() };
        (start(conduct).await, place)
    }

    #[tokio::test]
    async fn files_are_served_with_their_length_and_type() {
        let (origin, place) = serving().await;
        for (path, file, media_type) in [
            ("/files/small.txt", "small.txt", "text/plain; charset=utf-8"),
            ("/files/deep/two%20words.PNG", "deep/two words.PNG", "image/png"),
            ("/files/empty", "empty", "application/octet-stream"),
            ("/files/large.bin", "large.bin", "application/octet-stream"),
        ] {
            let expected = fs::read(place.path().join("in").join(file)).unwrap();
            let answer = ask(origin, "GET", path).await;
            assert_eq!(answer.status, 200, "{path}");
            let length = answer.header("content-length").unwrap();
            assert_eq!(length, expected.len().to_string(), "{path}");
            assert_eq!(answer.header("content-type"), Some(media_type));
            assert_eq!(answer.body, expected, "{path}");
            let head = ask(origin, "HEAD", path).await;
            assert_eq!(head.header("content-length"), Some(length), "{path}");
            assert!(head.body.is_empty());
        }
    }

    #[tokio::test]
    async fn the_folder_cannot_be_left() {
        let (origin, _place) = serving().await;
        for path in [
            "/files/../secret.txt",
            "/files/%2e%2e/secret.txt",
            "/files/..%2fsecret.txt",
            "/files/deep/../../secret.txt",
            "/files/deep/%2E%2E/%2E%2E/secret.txt",
            "/files//etc/hostname",
            "/files/%2fetc/hostname",
            "/files/small.txt%00",
            "/files/deep",
            "/files/.",
            "/files/",
        ] {
            let answer = ask(origin, "GET", path).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_that_lead_out_are_not_followed() {
        use std::os::unix::fs::symlink;
        let (origin, place) = serving().await;
        let folder = place.path().join("in");
        symlink("../secret.txt", folder.join("relative")).unwrap();
        symlink(place.path().join("secret.txt"), folder.join("absolute")).unwrap();
        symlink("..", folder.join("up")).unwrap();
        symlink("small.txt", folder.join("inside")).unwrap();
        for path in ["/files/relative", "/files/absolute", "/files/up/secret.txt"] {
            assert_eq!(ask(origin, "GET", path).await.status, 404, "{path}");
        }
        assert_eq!(ask(origin, "GET", "/files/inside").await.status, 200);
    }

    #[tokio::test]
    async fn a_part_of_a_file_can_be_had() {
        let (origin, place) = serving().await;
        let large = fs::read(place.path().join("in/large.bin")).unwrap();
        let range = [("Range", "bytes=100000-1099999")];
        let part = ask_with(origin, "GET", "/files/large.bin", &range).await;
        assert_eq!(part.status, 206);
        assert_eq!(part.header("content-range"), Some("bytes 100000-1099999/1200000"));
        assert_eq!(part.body, large[100_000..1_100_000]);
        let beyond = [("Range", "bytes=1200000-")];
        let none = ask_with(origin, "GET", "/files/large.bin", &beyond).await;
        assert_eq!(none.status, 416);
        assert_eq!(none.header("content-range"), Some("bytes */1200000"));
    }

    #[tokio::test]
    async fn a_changed_file_has_another_etag() {
        let (origin, place) = serving().await;
        let first = ask(origin, "GET", "/files/small.txt").await;
        let etag = first.header("etag").unwrap();
        let known = [("If-None-Match", etag)];
        let same = ask_with(origin, "GET", "/files/small.txt", &known).await;
        assert_eq!(same.status, 304);
        fs::write(place.path().join("in/small.txt"), "other").unwrap();
        let changed = ask_with(origin, "GET", "/files/small.txt", &known).await;
        assert_eq!((changed.status, changed.body), (200, b"other".to_vec()));
    }
}
