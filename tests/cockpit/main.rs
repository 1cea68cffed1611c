//! The real program on real terminals and real servers: what an operator and a reviewer see, and every way to leave.

mod deviation;
mod interrupted;
mod left;
mod locks;
mod pass;
mod pty;
mod refused;
mod review;
mod room;
mod screens;
mod sizes;
mod stop;
mod svg;
mod terminal;
