//! The real program on real terminals and real servers: what an operator and a reviewer see, and every way to leave.

mod choose;
mod colors;
mod compare;
mod deviation;
mod editor;
mod interrupted;
mod killed;
mod left;
mod locks;
mod pass;
mod pty;
mod refused;
mod review;
mod reviewer;
mod room;
mod screens;
mod settings;
mod sizes;
mod stop;
mod svg;
mod terminal;
mod watch;
