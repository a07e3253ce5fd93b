// A worker that starts workers is a module itself.
export default { worker: { format: 'es' } }
