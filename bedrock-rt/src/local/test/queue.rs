//! A queue of SQS in memory, on the clock of the test, and the event source mapping that takes batches from it.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::QueueTrigger;
use bedrock_local::event_sources::{FifoAttributes, MessageFilters, SqsMessage, sha256_hex};
use bedrock_model::id::new_uuid;

use super::message::{Message, QueuedMessage};
use crate::{Result, WorkerError};

/// Lambda begins with five pollers, as `dev` has.
const MAX_CONCURRENT_BATCHES: usize = 5;
/// Size of the messages at which a batch is full; the rest of the event must fit into 6 MB, too.
const MAX_BATCH_BYTES: usize = 5 * 1024 * 1024;
/// Maximum size of a message (SQS quotas).
const MAX_MESSAGE_BYTES: usize = 1_048_576;
/// Maximum delay of a message (SQS quotas).
const MAX_DELAY: Duration = Duration::from_secs(900);
/// How long messages are retained: SQS's default.
const RETENTION: Duration = Duration::from_secs(4 * 86_400);
/// How long a FIFO queue recognizes duplicates (SQS developer guide, "Exactly-once processing").
const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// A queue.
pub(super) struct Queue {
    /// The name in the settings, without app and stage.
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) is_fifo: bool,
    pub(super) has_content_based_deduplication: bool,
    /// `None` for a dead-letter queue.
    pub(super) mapping: Option<QueueMapping>,
    /// In the order in which they were sent.
    messages: Vec<StoredMessage>,
    sequence: i64,
    /// Of a FIFO queue: the id of the first message with a deduplication id, and when it was sent.
    duplicates: HashMap<String, (String, SystemTime)>,
}

/// How a queue invokes a worker.
pub(super) struct QueueMapping {
    pub(super) worker: String,
    batch_size: usize,
    batch_window: Duration,
    pub(super) partial_failures: bool,
    filters: MessageFilters,
    max_concurrent_batches: usize,
    visibility: Duration,
    /// The number of receives after which a message is moved to the dead-letter queue. `None` for an existing queue, whose
    /// redrive policy is unknown.
    max_receives: Option<u32>,
    running: usize,
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub(super) struct StoredMessage {
    message: SqsMessage,
    visible: SystemTime,
    /// Whether a batch has it.
    is_held: bool,
}

/// What was taken from a queue.
#[derive(Default)]
pub(super) struct TakenMessages {
    /// Empty if there is no batch.
    pub(super) batch: Vec<SqsMessage>,
    /// Messages that were received too often.
    pub(super) dead: Vec<StoredMessage>,
}

impl QueueMapping {
    pub(super) fn new(worker: &str, trigger: &QueueTrigger, visibility: Duration, is_of_app: bool) -> Self {
        let number = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        let max = trigger.maximum_concurrency.map_or(MAX_CONCURRENT_BATCHES, number);
        Self {
            worker: worker.to_owned(),
            batch_size: number(trigger.batch_size),
            batch_window: Duration::from_secs(trigger.batch_window),
            partial_failures: trigger.partial_failures,
            filters: MessageFilters::of(&trigger.filters),
            max_concurrent_batches: max.min(MAX_CONCURRENT_BATCHES),
            visibility,
            max_receives: is_of_app.then(|| u32::try_from(trigger.max_receives).unwrap_or(u32::MAX)),
            running: 0,
        }
    }
}

impl Queue {
    pub(super) fn new(name: String, arn: String, mapping: Option<QueueMapping>) -> Self {
        let is_fifo = bedrock_build::triggers::is_fifo_queue(&arn);
        Self {
            name,
            arn,
            is_fifo,
            has_content_based_deduplication: false,
            mapping,
            messages: Vec::new(),
            sequence: 0,
            duplicates: HashMap::new(),
        }
    }

    /// Checks a message as SQS does.
    pub(super) fn check(&self, message: &Message) -> Result<()> {
        let invalid = |text: String| Err(WorkerError::new("InvalidMessage", text));
        let attributes = message.attributes.iter().map(|(name, attribute)| {
            let value = attribute.string_value.as_ref().or(attribute.binary_value.as_ref());
            name.len() + attribute.data_type.len() + value.map_or(0, String::len)
        });
        let bytes = message.body.len() + attributes.sum::<usize>();
        let name = &self.name;
        match () {
            () if message.body.is_empty() => invalid("a message of SQS has a body that is not empty".to_owned()),
            () if message.body.chars().any(is_no_xml_char) => invalid(
                "the body of the message has a character that SQS refuses, because XML does not allow it".to_owned(),
            ),
            () if bytes > MAX_MESSAGE_BYTES => {
                invalid(format!("the message has {bytes} bytes with its attributes, SQS allows {MAX_MESSAGE_BYTES}"))
            }
            () if message.delay > MAX_DELAY => {
                invalid(format!("the delay is {} s, SQS allows {} s", message.delay.as_secs(), MAX_DELAY.as_secs()))
            }
            () if !self.is_fifo && message.deduplication_id.is_some() => {
                invalid(format!("`{name}` is not a FIFO queue, so its messages have no deduplication id"))
            }
            () if self.is_fifo && message.group.is_none() => invalid(format!(
                "`{name}` is a FIFO queue, and the message has no group\nhelp: `Message::new(…).group(\"customer-7\")`"
            )),
            () if self.is_fifo && !message.delay.is_zero() => {
                invalid(format!("`{name}` is a FIFO queue, whose messages have no delay of their own"))
            }
            () if self.is_fifo && message.deduplication_id.is_none() && !self.has_content_based_deduplication => {
                invalid(format!(
                    "the FIFO queue `{name}` has no `content-based-deduplication`, and the message has no deduplication id\n\
                     help: `Message::new(…).deduplication_id(\"order-7\")`"
                ))
            }
            () => Ok(()),
        }
    }

    /// Stores a message that was checked. Returns its id; that of the first one for a duplicate, which is not stored.
    pub(super) fn send(&mut self, message: Message, now: SystemTime) -> String {
        let id = new_uuid();
        let mut fifo = None;
        if self.is_fifo {
            let deduplication_id = message.deduplication_id.unwrap_or_else(|| sha256_hex(message.body.as_bytes()));
            self.duplicates.retain(|_, (_, sent)| now < *sent + DEDUPLICATION_INTERVAL);
            if let Some((first, _)) = self.duplicates.get(&deduplication_id) {
                return first.clone();
            }
            self.duplicates.insert(deduplication_id.clone(), (id.clone(), now));
            self.sequence += 1;
            fifo = Some(FifoAttributes { deduplication_id, sequence: self.sequence });
        }
        let stored = SqsMessage {
            id: id.clone(),
            body: message.body,
            attributes: message.attributes,
            trace: None,
            sent: now,
            first_received: now,
            receives: 0,
            receipt: String::new(),
            group: message.group,
            fifo,
        };
        self.messages.push(StoredMessage { message: stored, visible: now + message.delay, is_held: false });
        id
    }

    /// Adds messages of another queue.
    pub(super) fn add_dead(&mut self, dead: Vec<StoredMessage>) {
        self.messages.extend(dead);
    }

    /// Returns the messages, oldest first.
    pub(super) fn list(&self) -> Vec<QueuedMessage> {
        let listed = |stored: &StoredMessage| QueuedMessage {
            id: stored.message.id.clone(),
            body: stored.message.body.clone(),
            receives: stored.message.receives,
            visible_at: stored.visible,
            is_in_flight: stored.is_held,
        };
        self.messages.iter().map(listed).collect()
    }

    /// Takes a batch, if one is due, and the messages that were received too often.
    pub(super) fn take(&mut self, now: SystemTime) -> TakenMessages {
        let Some(mapping) = &mut self.mapping else { return TakenMessages::default() };
        self.messages.retain(|stored| stored.is_held || now < stored.message.sent + RETENTION);
        let is_dead = |stored: &mut StoredMessage| {
            let is_exhausted = mapping.max_receives.is_some_and(|max| stored.message.receives >= max);
            !stored.is_held && stored.visible <= now && is_exhausted
        };
        let dead = self.messages.extract_if(.., is_dead).collect();
        let mut taken = TakenMessages { batch: Vec::new(), dead };
        if mapping.running >= mapping.max_concurrent_batches {
            return taken;
        }
        let mut chosen = Vec::new();
        let mut filtered = HashSet::new();
        let mut bytes = 0;
        for index in available(&self.messages, self.is_fifo, now) {
            if chosen.len() >= mapping.batch_size || bytes >= MAX_BATCH_BYTES {
                break;
            }
            let message = &self.messages[index].message;
            if mapping.filters.accepts(&message.body) {
                bytes += message.body.len();
                chosen.push(index);
            } else {
                // Lambda deletes what it does not send to the function.
                filtered.insert(message.id.clone());
            }
        }
        let is_full = chosen.len() >= mapping.batch_size || bytes >= MAX_BATCH_BYTES;
        let first = chosen.iter().map(|index| self.messages[*index].visible).min();
        if first.is_some_and(|first| is_full || first + mapping.batch_window <= now) {
            for index in chosen {
                let stored = &mut self.messages[index];
                let message = &mut stored.message;
                if message.receives == 0 {
                    message.first_received = now;
                }
                message.receives += 1;
                message.receipt = new_uuid();
                stored.is_held = true;
                stored.visible = now + mapping.visibility;
                taken.batch.push(message.clone());
            }
            mapping.running += 1;
        }
        self.messages.retain(|stored| !filtered.contains(&stored.message.id));
        taken
    }

    /// Deletes the processed messages of a batch. The failed ones become visible after their visibility timeout.
    pub(super) fn finish(&mut self, batch: &[SqsMessage], failed: &HashSet<String>) {
        for stored in &mut self.messages {
            stored.is_held &= !failed.contains(&stored.message.id);
        }
        let is_processed =
            |stored: &StoredMessage| stored.is_held && batch.iter().any(|message| message.id == stored.message.id);
        self.messages.retain(|stored| !is_processed(stored));
        if let Some(mapping) = &mut self.mapping {
            mapping.running = mapping.running.saturating_sub(1);
        }
    }

    /// Returns when the next batch is due, or the next message is received too often. `None` if nothing waits for the clock.
    pub(super) fn next_due(&self, now: SystemTime) -> Option<SystemTime> {
        let mapping = self.mapping.as_ref()?;
        let due = |stored: &StoredMessage| {
            if stored.visible > now { stored.visible } else { stored.visible + mapping.batch_window }
        };
        // Of a group of a FIFO queue only the first one can be received.
        let is_blocked = |index: usize| {
            let group = &self.messages[index].message.group;
            self.is_fifo && self.messages[..index].iter().any(|earlier| earlier.message.group == *group)
        };
        let waiting = self.messages.iter().enumerate();
        let waiting = waiting.filter(|(index, stored)| !stored.is_held && !is_blocked(*index));
        waiting.map(|(_, stored)| due(stored)).filter(|due| *due > now).min()
    }

    /// Returns the number of messages that wait for the worker or are in a batch.
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }
}

/// Returns the indices of the messages that can be received. Of a group of a FIFO queue, none can as long as an earlier one
/// is in flight or hidden.
fn available(messages: &[StoredMessage], is_fifo: bool, now: SystemTime) -> Vec<usize> {
    let mut blocked: HashSet<&Option<String>> = HashSet::new();
    let mut indices = Vec::new();
    for (index, stored) in messages.iter().enumerate() {
        let group = &stored.message.group;
        if stored.is_held || stored.visible > now {
            blocked.insert(group);
        } else if !is_fifo || !blocked.contains(group) {
            indices.push(index);
        }
    }
    indices
}

/// Returns whether XML 1.0, and therefore SQS, refuses a character.
fn is_no_xml_char(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
