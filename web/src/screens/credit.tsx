export default function Credit() {
  return <p>soon</p>
}
