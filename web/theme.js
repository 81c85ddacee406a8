// The theme that was chosen before, set while the page's head is read, so that nothing flashes.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // storage is blocked: the system's theme it is
}
