// What happens in the studio: one stream for all tabs of a browser, which opens no more than six connections to a host.

const KINDS = ["job", "forgotten", "preview", "queue", "gallery", "run", "find", "pace", "notice"];
const RETRY = 2000;
const seen = () => document.visibilityState === "visible";

/** When the tab is seen, or is no longer. */
const until = (is) =>
  new Promise((resolve) => {
    const look = () => {
      if (seen() !== is) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    look();
  });

/** A stream; what it says is {kind, content}, and {connected} where that changes. Returns what ends it. */
function open(say) {
  let events;
  let timer;
  const begin = () => {
    events = new EventSource("/api/events");
    for (const kind of KINDS) events.addEventListener(kind, (event) => say({ kind, content: JSON.parse(event.data) }));
    events.onopen = () => say({ connected: true });
    events.onerror = () => {
      say({ connected: false });
      // A browser that was refused does not try again by itself.
      if (events.readyState === EventSource.CLOSED) timer = setTimeout(begin, RETRY);
    };
  };
  begin();
  return () => {
    clearTimeout(timer);
    events.close();
  };
}

/** Follow what happens: `heard(kind, content)`, and `connected(is)`, also when a tab is seen again. */
export async function follow(heard, connected) {
  const hear = (message) => ("connected" in message ? connected(message.connected) : heard(message.kind, message.content));
  // Only a page whose connection is safe may have locks; elsewhere each tab that is seen has a stream of its own.
  const shared = Boolean(navigator.locks);
  const channel = shared ? new BroadcastChannel("events") : null;
  const say = (message) => {
    hear(message);
    channel?.postMessage(message);
  };
  if (channel) channel.onmessage = ({ data }) => hear(data);
  const lead = async () => {
    const end = open(say);
    await until(false);
    end();
  };
  for (let first = true; ; first = false) {
    await until(true);
    // What was told meanwhile may have been missed.
    if (!first) connected(true);
    if (!shared) await lead();
    else {
      const gone = new AbortController();
      until(false).then(() => gone.abort());
      await navigator.locks.request("events", { signal: gone.signal }, lead).catch((error) => {
        if (error.name !== "AbortError") throw error;
      });
    }
  }
}
