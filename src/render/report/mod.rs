//! The whole fleet as one page.
