// The base class as Bedrock for Python makes it.
class Worker {
  async handle(event, context) {
    return this.execute(event, context);
  }
}

module.exports = { Worker };
