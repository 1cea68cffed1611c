//! Keys of every kind.

use crate::desk::Desk;
