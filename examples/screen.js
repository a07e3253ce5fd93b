/** The screen of these examples: a button that proves, a bar, and what the app learned. */
export function showScreen(prove) {
  const [button, bar, result] = ['button', 'progress', 'output'].map((name) => document.querySelector(name))
  button.addEventListener('click', async () => {
    button.disabled = true
    result.textContent = 'proving'
    try {
      const { valid, revealed } = await prove((phase, share) => {
        bar.value = phase === 'proof' ? (1 + share) / 2 : phase === 'artifacts' ? share / 2 : bar.value
      })
      bar.value = 1
      result.textContent = valid ? `an adult from ${revealed['passport.country']}` : 'not valid'
    } catch (error) {
      // Its text says what to do.
      result.textContent = `${error.name}: ${error.message}`
    }
    button.disabled = false
  })
}
