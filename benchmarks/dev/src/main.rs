//! Calls functions over HTTP, as an AWS SDK does. Run by `cargo xtask bench dev` against `cargo bedrock dev` and its peers:
//! all of them get the same bytes from the same program.

mod connection;
mod load;
mod reload;

type Error = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "bench_dev load URL CALLS IN_FLIGHT\nbench_dev reload URL FILE FROM TO PATIENCE_SECONDS";

fn main() -> Result<(), Error> {
    // One thread, which costs the programs that are measured least of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let figures = match arguments[..] {
        ["load", url, calls, in_flight] => runtime.block_on(load::run(url, calls.parse()?, in_flight.parse()?))?,
        ["reload", url, file, from, to, patience] => {
            runtime.block_on(reload::run(url, file.as_ref(), (from, to), patience.parse()?))?
        }
        _ => return Err(USAGE.into()),
    };
    println!("{figures}");
    Ok(())
}
