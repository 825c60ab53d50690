//! Saves a file while somebody calls all the time: when the answer is another one, and what became of the calls.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Error;
use crate::connection::{Answer, Connection};
use crate::load::quantile;

/// Calls before the file is saved, and behind the first new answer.
const AROUND: usize = 100;
/// How long an answer is waited for before the call counts as lost.
const LOST: Duration = Duration::from_secs(15);
/// Between two calls while a new answer is waited for. Who calls without a pause takes a processor from the compiler, and
/// with it the measure: cargo alone is timed while nobody calls.
const BETWEEN: Duration = Duration::from_millis(5);
/// Between two tries while nothing can be reached.
const PAUSE: Duration = Duration::from_millis(20);

/// Calls, and what came of them.
struct Caller<'a> {
    url: &'a str,
    connection: Option<Connection>,
    calls: usize,
    lost: usize,
}

/// Replaces a text in a file by another one, which the answers then have. Gives up after so many seconds.
pub async fn run(url: &str, file: &Path, (from, to): (&str, &str), patience: u64) -> Result<Value, Error> {
    let mut caller = Caller { url, connection: None, calls: 0, lost: 0 };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..AROUND {
        before.extend(caller.call().await.map(|(took, _)| took));
    }
    let text = std::fs::read_to_string(file)?;
    let saved = text.replacen(from, to, 1);
    if saved == text {
        return Err(format!("`{from}` is not in `{}`", file.display()).into());
    }
    let since = Instant::now();
    std::fs::write(file, saved)?;
    let mut new = None;
    while new.is_none() && since.elapsed() < Duration::from_secs(patience) {
        tokio::time::sleep(BETWEEN).await;
        let answer = caller.call().await.map(|(_, answer)| answer);
        new = answer.filter(|answer| has(answer, to)).map(|_| since.elapsed().as_secs_f64() * 1e3);
    }
    // Whoever answers as before now and then is not done.
    let mut old = 0;
    for _ in 0..AROUND {
        let Some((took, answer)) = caller.call().await else { continue };
        old += usize::from(!has(&answer, to));
        after.push(took);
    }
    Ok(json!({
        "new_ms": new, "calls": caller.calls, "lost": caller.lost, "old": old,
        "before_us": quantile(&mut before, 0.5), "after_us": quantile(&mut after, 0.5),
    }))
}

fn has(answer: &Answer, text: &str) -> bool {
    answer.body.windows(text.len()).any(|window| window == text.as_bytes())
}

impl Caller<'_> {
    /// Nothing if the call brought nothing, which is counted.
    async fn call(&mut self) -> Option<(Duration, Answer)> {
        self.calls += 1;
        let began = Instant::now();
        let answer = tokio::time::timeout(LOST, self.answer()).await;
        match answer {
            Ok(Ok(answer)) if answer.is_good => Some((began.elapsed(), answer)),
            _ => {
                self.lost += 1;
                self.connection = None;
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }

    async fn answer(&mut self) -> Result<Answer, Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open(self.url).await?),
        };
        connection.call().await
    }
}
