// The floor for Node: JSON lines over a unix socket, nothing else.
import net from 'node:net';

const socket = net.connect(process.argv[2]);
let rest = '';
socket.setEncoding('utf8');
socket.on('data', (chunk) => {
  rest += chunk;
  let end;
  while ((end = rest.indexOf('\n')) >= 0) {
    socket.write(JSON.stringify(JSON.parse(rest.slice(0, end))) + '\n');
    rest = rest.slice(end + 1);
  }
});
