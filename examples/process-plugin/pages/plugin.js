'use strict';
// What a plugin of Refold has to do to be one, as sdk/process/README.md says it: of
// any executor, and nothing of what this one does.

const crypto = require('node:crypto');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { HealthImplementation } = require('grpc-health-check');
const selfsigned = require('selfsigned');

const MAX_MESSAGE = 65 << 20;

// identity makes a key and a certificate for this one process.
async function identity() {
  const pem = await selfsigned.generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec', curve: 'P-256', algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 30 * 365 * 24 * 3600 * 1000),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  return { key: Buffer.from(pem.private), certificate: Buffer.from(pem.cert) };
}

// handler calls a method with a request, and answers with what it returns.
function handler(method) {
  return (call, callback) => {
    Promise.resolve(method(call.request)).then((reply) => callback(null, reply), callback);
  };
}

// serve serves refold.process.v1.Executor, until standard input ends.
async function serve(proto, methods) {
  if (process.env.REFOLD_PLUGIN !== '5f2b6c1e-refold-process-plugin') {
    console.error('This is a plugin of Refold: name it in a pipeline, under executors:.');
    process.exit(1);
  }
  process.stdin.resume().on('end', () => process.exit(0));

  const loaded = protoLoader.loadSync(proto, { longs: String, enums: String, defaults: true });
  const { Executor } = grpc.loadPackageDefinition(loaded).refold.process.v1;
  const server = new grpc.Server({ 'grpc.max_receive_message_length': MAX_MESSAGE });
  const handlers = Object.entries(methods).map(([name, method]) => [name, handler(method)]);
  server.addService(Executor.service, Object.fromEntries(handlers));
  new HealthImplementation({ plugin: 'SERVING' }).addToServer(server);

  const own = await identity();
  const host = Buffer.from(process.env.PLUGIN_CLIENT_CERT);
  const credentials = grpc.ServerCredentials.createSsl(host, [{ private_key: own.key, cert_chain: own.certificate }], true);
  const socket = path.join(process.env.PLUGIN_UNIX_SOCKET_DIR, 'plugin');
  await new Promise((done, fail) => {
    server.bindAsync(`unix:${socket}`, credentials, (err) => (err ? fail(err) : done()));
  });
  const der = new crypto.X509Certificate(own.certificate).raw.toString('base64').replace(/=+$/, '');
  console.log(`1|1|unix|${socket}|grpc|${der}`);
}

module.exports = { serve };
