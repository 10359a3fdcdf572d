//! The web page, in a real browser, in front of the real program.
//!
//! Needs `chromium` and `chromedriver` (`deploy/build-deps browser`). Without them the tests say so and pass,
//! unless `INDELIBLE_REQUIRE_BROWSER` is 1.

mod access;
mod browser;
mod cosigned;
mod dropping;
mod lies;
mod proxy;
mod scene;
mod served;
mod speed;
mod viewing;
