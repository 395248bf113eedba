// Keeps the name on decisions with the browser, where a reload and a new tab find it; it never leaves this server.
export default function ({ data }) {
  const text = encodeURIComponent(data.name);
  document.cookie = `${data.cookie}=${text}; path=/; SameSite=Strict; max-age=${data.name ? 31536000 : 0}`;
}
