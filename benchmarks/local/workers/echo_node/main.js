const { Worker } = require('./worker');

class EchoNode extends Worker {
  execute(event, context) {
    return event;
  }
}
