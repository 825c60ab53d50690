//! Bounded concurrency: AWS throttles accounts that send too many requests at the same time.

use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream;

/// Runs `work` for each item, at most `limit` of them at the same time. Returns the results in the order of the items.
pub(crate) async fn map_concurrently<T, R, F>(
    items: impl IntoIterator<Item = T>,
    limit: usize,
    work: impl Fn(T) -> F,
) -> Vec<R>
where
    F: Future<Output = R>,
{
    let numbered = items.into_iter().enumerate().map(|(index, item)| {
        let result = work(item);
        async move { (index, result.await) }
    });
    let mut results: Vec<(usize, R)> = stream::iter(numbered).buffer_unordered(limit).collect().await;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
