export default function Designated() {
  return <p>soon</p>
}
