//! The faults of redirects and credentials, limits, the network, disks and the machine.

use super::Row;

pub(super) const ROWS: &[Row] = &[];
