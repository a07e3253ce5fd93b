export default function Benchmark() {
  return <p>soon</p>
}
