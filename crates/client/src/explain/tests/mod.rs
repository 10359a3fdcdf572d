//! Messages of installers in, causes out, over recorded listings.

mod causes;
mod listing;
mod messages;
mod says;
mod threads;
