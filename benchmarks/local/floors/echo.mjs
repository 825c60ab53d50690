// The lower bound for Node.js: JSON lines over a Unix socket, without cargo bedrock.
import net from 'node:net';

const socket = net.connect(process.argv[2]);
let buffer = '';
socket.setEncoding('utf8');
socket.on('data', (chunk) => {
  buffer += chunk;
  let end;
  while ((end = buffer.indexOf('\n')) >= 0) {
    socket.write(JSON.stringify(JSON.parse(buffer.slice(0, end))) + '\n');
    buffer = buffer.slice(end + 1);
  }
});
