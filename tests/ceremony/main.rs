//! The real program on real servers: the way that goes well, and every way that does not.

mod broken;
mod checks;
mod clients;
mod death;
mod pass;
mod program;
mod record;
mod refused;
mod room;
mod servers;
mod small;
mod stepwise;
mod stepwise_others;
mod stop;
