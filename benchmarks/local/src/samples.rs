//! Latencies and what to say of them.

use std::time::{Duration, Instant};

/// Latencies in the order they were measured.
#[derive(Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// One more, from `began` to now.
    pub fn add(&mut self, began: Instant) {
        self.0.push(began.elapsed());
    }

    /// Median and 99th percentile in µs, without the first tenth, which warms up.
    pub fn summary(mut self) -> (f64, f64) {
        self.0.drain(..self.0.len() / 10);
        self.0.sort();
        let at = |q: f64| self.0[((self.0.len() as f64 * q) as usize).min(self.0.len() - 1)].as_secs_f64() * 1e6;
        (at(0.5), at(0.99))
    }
}
