//! Pure projections: from the session and its transcript to what a pane shows, as data.

mod alert;
mod changes;
mod checklist;
mod clean;
mod closed;
mod gate;
mod graph;
mod graph_route;
mod header;
mod ink;
mod notes;
mod output;
mod results;
mod sql;
mod stepwise;
mod timeline;
mod transcript;

pub use alert::*;
pub use changes::*;
pub use checklist::*;
pub use clean::*;
pub use closed::*;
pub use gate::*;
pub use graph::*;
pub use header::*;
pub use ink::*;
pub use notes::*;
pub use output::*;
pub use results::*;
pub use sql::*;
pub use timeline::*;
pub use transcript::*;
