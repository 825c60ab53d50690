//! `workers!` takes names of workers that exist.

mod similar {
    bedrock::workers!(system_fetchr);
}

mod text {
    bedrock::workers!("system_fetcher");
}

mod other {
    bedrock::workers!(thumbnailer);

    pub type Event = workers::system_fetcher::Event;
}

fn main() {}
