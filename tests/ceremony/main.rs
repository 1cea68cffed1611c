//! The real program on real servers: the way that goes well, and every way that does not.

mod broken;
mod checks;
mod clients;
mod copies;
mod cycle;
mod data;
mod death;
mod disk;
mod hazards;
mod kept;
mod pass;
mod program;
mod radar;
mod record;
mod refused;
mod rehearse;
mod reports;
mod room;
mod schema;
mod servers;
mod small;
mod starting;
mod stepwise;
mod stepwise_others;
mod stop;
mod suites;
