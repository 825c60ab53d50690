const { Worker } = require('./worker');

class TypedNode extends Worker {
  execute(event, context) {
    return event;
  }
}
