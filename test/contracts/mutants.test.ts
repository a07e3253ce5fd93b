import assert from 'node:assert/strict'
import { contractMutants } from '../../scripts/lib/contract-mutants.js'

const SOURCE = `
/// if (comments == code) revert
contract Box is Owned(5) {
    uint256 public constant MOST = 3;
    error Box__Full(uint256 size);

    function put(uint256 value, address to) external onlyOwner returns (uint256) {
        if (value == 0 || size >= MOST) revert Box__Full(size); // size >= 7
        if (to != msg.sender) {
            revert Box__Full(1);
        }
        size += value;
        uint256 next = size - 1;
        _notify(to);
        emit Put("5 + 5", value);
        return next;
    }
}
`

describe('mutants of contracts', () => {
  it('are those of each kind, inside of functions, and nowhere in comments, texts, events and declarations', () => {
    const found = contractMutants(SOURCE).map(({ line, kind, is }) => `${line} ${kind} ${is}`)
    assert.deepEqual(found.toSorted(), [
      '10 constant revert Box__Full(2);',
      '12 dropped {}',
      '12 sign size -= value;',
      '13 constant uint256 next = size - 2;',
      '13 sign uint256 next = size + 1;',
      '14 dropped {}',
      '7 access function put(uint256 value, address to) external returns (uint256) {',
      '8 border if (value != 0 || size >= MOST) revert Box__Full(size); // size >= 7',
      '8 border if (value == 0 || size > MOST) revert Box__Full(size); // size >= 7',
      '8 constant if (value == 1 || size >= MOST) revert Box__Full(size); // size >= 7',
      '8 dropped {} // size >= 7',
      '8 half if ( size >= MOST) revert Box__Full(size); // size >= 7',
      '8 half if (value == 0 ) revert Box__Full(size); // size >= 7',
      '8 negated if (!(value == 0 || size >= MOST)) revert Box__Full(size); // size >= 7',
      '9 border if (to == msg.sender) {',
      '9 dropped {}',
    ])
  })

  it('differ from the source in one place', () => {
    for (const { line, text } of contractMutants(SOURCE)) {
      const [was, is] = [SOURCE.split('\n'), text.split('\n')]
      assert.notEqual(text, SOURCE)
      assert.deepEqual(is.slice(0, line - 1), was.slice(0, line - 1))
      const rest = is.length - line
      assert.deepEqual(is.slice(line), was.slice(was.length - rest))
    }
  })
})
