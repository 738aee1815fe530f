"""Pages for people who sign in: plain HTML, made here, without scripts."""
