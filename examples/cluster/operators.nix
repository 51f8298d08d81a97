# Public keys of the people who may open every private key of the fleet.
[
  "age1ada"
  "ssh-ed25519 bob"
]
