//! Latencies and their quantiles.

use std::time::{Duration, Instant};

/// Latencies, in the order of the measurements.
#[derive(Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Adds the time from `start` to now.
    pub fn add(&mut self, start: Instant) {
        self.0.push(start.elapsed());
    }

    /// Returns median and 99th percentile in microseconds. The first tenth is ignored as warm-up.
    pub fn summary(mut self) -> (f64, f64) {
        self.0.drain(..self.0.len() / 10);
        self.0.sort();
        let quantile = |q: f64| self.0[((self.0.len() as f64 * q) as usize).min(self.0.len() - 1)].as_secs_f64() * 1e6;
        (quantile(0.5), quantile(0.99))
    }
}
