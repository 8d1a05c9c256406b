//! A network of which a request, or a piece of a body, can be made to fail.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use rustix::io::Errno;

use super::super::origin::{Origin, Sent};
use crate::{
    disk::torture::{Kind, Trouble, meet},
    fetch::{Body, Fault, FetchError, Head, Request, Transport},
};

/// A server, and the way to it.
#[derive(Clone)]
pub(super) struct Shaky {
    pub(super) origin: Origin,
    /// The folder of the scene.
    pub(super) folder: Arc<Path>,
}

pub(super) struct Piecewise {
    sent: Sent,
    folder: Arc<Path>,
}

fn fail(folder: &Path, kind: Kind) -> Result<(), FetchError> {
    let Some(Trouble::Error(error)) = meet(folder, kind) else { return Ok(()) };
    Err(FetchError::new(fault(error, kind), None))
}

/// What the transport makes of an error.
pub(super) fn fault(error: Errno, kind: Kind) -> Fault {
    match error {
        Errno::CONNREFUSED if kind == Kind::Send => Fault::Refused,
        Errno::TIMEDOUT if kind == Kind::Send => Fault::ConnectTimeout,
        Errno::PROTO => Fault::Protocol,
        Errno::MFILE => Fault::Exhausted,
        _ if kind == Kind::Send => Fault::Reset,
        _ => Fault::IncompleteBody,
    }
}

impl Transport for Shaky {
    type Body = Piecewise;

    async fn send(&self, request: Request) -> Result<(Head, Piecewise), FetchError> {
        fail(&self.folder, Kind::Send)?;
        let (head, sent) = self.origin.send(request).await?;
        Ok((head, Piecewise { sent, folder: Arc::clone(&self.folder) }))
    }
}

impl Body for Piecewise {
    async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        fail(&self.folder, Kind::Chunk)?;
        self.sent.chunk().await
    }
}
