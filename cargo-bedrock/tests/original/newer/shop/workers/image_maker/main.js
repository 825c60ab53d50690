// Makes an image.
const { Worker } = require('./worker');

class ImageMaker extends Worker {
  async execute(event, context) {
    return { width: 64 };
  }
}
