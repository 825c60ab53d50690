//! Calls functions over HTTP, like an AWS SDK. `cargo xtask bench dev` runs this program against `cargo bedrock dev`
//! and similar tools, so that all of them receive the same bytes from the same client.

mod connection;
mod download;
mod events;
mod faults;
mod load;
mod reload;

type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
bench_dev load URL CALLS IN_FLIGHT
bench_dev reload URL FILE FROM TO TIMEOUT_SECONDS
bench_dev faults SECONDS CALLERS URL…
bench_dev events URL COUNT BYTES
bench_dev download URL COUNT RANGE";

fn main() -> Result<(), Error> {
    // A single thread leaves the most CPU for the measured programs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments[..] {
        ["load", url, calls, in_flight] => runtime.block_on(load::run(url, calls.parse()?, in_flight.parse()?))?,
        ["reload", url, file, from, to, timeout] => {
            runtime.block_on(reload::run(url, file.as_ref(), from, to, timeout.parse()?))?
        }
        ["faults", seconds, callers, ref urls @ ..] => {
            runtime.block_on(faults::run(seconds.parse()?, callers.parse()?, urls))?
        }
        ["events", url, count, bytes] => runtime.block_on(events::run(url, count.parse()?, bytes.parse()?))?,
        ["download", url, count, range] => runtime.block_on(download::run(url, count.parse()?, range))?,
        _ => return Err(USAGE.into()),
    };
    println!("{figures}");
    Ok(())
}
