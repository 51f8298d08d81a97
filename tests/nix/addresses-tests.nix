# The first address of networks of every notation and size, against values that were computed elsewhere.
{ ... }:
let
  addresses = import ../../nix/schema/addresses.nix;

  first = cidr: want: {
    name = "first_address_of ${cidr}";
    got = addresses.firstAddress (addresses.parseNetwork cidr);
    inherit want;
  };
  none = cidr: {
    name = "no_network ${builtins.toJSON cidr}";
    got = addresses.parseNetwork cidr;
    want = null;
  };
  network = cidr: want: {
    name = "network_of ${cidr}";
    got = addresses.formatNetwork (addresses.parseNetwork cidr);
    inherit want;
  };
  inside = cidr: address: want: {
    name = "${cidr} contains ${address}";
    got = addresses.contains (addresses.parseNetwork cidr) address;
    inherit want;
  };
  common = a: b: want: {
    name = "${a} overlaps ${b}";
    got = addresses.overlap (addresses.parseNetwork a) (addresses.parseNetwork b);
    inherit want;
  };
in
[
  (inside "10.0.0.0/24" "10.0.0.1" true)
  (inside "10.0.0.255/24" "10.0.0.0" true)
  (inside "10.0.0.0/24" "10.0.1.0" false)
  (inside "10.96.0.0/12" "10.111.255.255" true)
  (inside "10.96.0.0/12" "10.112.0.0" false)
  (inside "0.0.0.0/0" "203.0.113.1" true)
  (inside "0.0.0.0/0" "::1" false)
  (inside "fd00:96::/108" "fd00:96::f:ffff" true)
  (inside "fd00:96::/108" "fd00:96::10:0" false)
  (inside "10.0.0.0/24" "cp1.example.org" false)

  (common "10.0.0.0/8" "10.96.0.0/12" true)
  (common "10.96.0.0/12" "10.0.0.0/8" true)
  (common "10.1.0.0/16" "10.2.0.0/16" false)
  (common "10.1.0.0/16" "10.1.2.3/16" true)
  (common "10.0.0.0/8" "fd00::/8" false)

  (first "10.0.0.0/24" "10.0.0.1")
  (first "10.0.0.128/25" "10.0.0.129")
  (first "10.96.0.0/12" "10.96.0.1")
  (first "172.16.255.252/30" "172.16.255.253")
  (first "10.0.0.0/31" "10.0.0.1")
  (first "10.0.0.255/31" "10.0.0.255")
  (first "10.0.0.1/32" null)
  (first "10.255.255.255/8" "10.0.0.1")
  (first "192.168.255.255/17" "192.168.128.1")
  (first "0.0.0.0/0" "0.0.0.1")
  (first "255.255.255.255/1" "128.0.0.1")

  (first "fd00::/108" "fd00::1")
  (first "::/0" "::1")
  (first "2001:db8:0:1::/64" "2001:db8:0:1::1")
  (first "2001:DB8::FFFF:FFFF/112" "2001:db8::ffff:1")
  (first "fd00::ffff:ffff/97" "fd00::8000:1")
  (first "fd00:1:2:3:4:5:6:7/127" "fd00:1:2:3:4:5:6:7")
  (first "fd00::1/128" null)
  # RFC 5952 §4.2.2: one zero alone is not shortened; §4.2.3: of two runs that are equal, the first.
  (first "1:2:3:4:5:6:7::/112" "1:2:3:4:5:6:7:1")
  (first "2001:db8:0:0:1:0:0:0/80" "2001:db8::1:0:0:1")
  (first "1:0:0:2::/64" "1:0:0:2::1")
  (first "::1:2:3:4:5:6:7/124" "0:1:2:3:4:5:6:1")
  (first "0001:0020:0300:4000::/64" "1:20:300:4000::1")
  # RFC 4291 §2.2 (3), RFC 5952 §5.
  (first "64:ff9b::192.0.2.0/120" "64:ff9b::c000:201")
  (first "::ffff:10.0.0.0/120" "::ffff:10.0.0.1")

  (network "10.255.255.255/8" "10.0.0.0/8")
  (network "10.0.0.1/32" "10.0.0.1/32")
  (network "2001:DB8:0:0::FFFF/108" "2001:db8::/108")
  (network "::/0" "::/0")
]
++ map none [
  ""
  "/8"
  "10.0.0.0"
  "10.0.0.0/"
  "10.0.0.0/33"
  "10.0.0.0/08"
  "10.0.0.0/-1"
  "10.0.0.0/8/8"
  "10.0.0.0 /8"
  "10.0.0.0/8\n"
  "10.0.0/24"
  "10.0.0.0.0/24"
  "010.0.0.0/8"
  "256.0.0.0/8"
  "0x0a.0.0.0/8"
  "example.org/24"
  "::"
  "fd00::/129"
  "fd00:::/64"
  "1::2::3/64"
  "1:2:3:4:5:6:7/64"
  "1:2:3:4:5:6:7:/64"
  ":1:2:3:4:5:6:7/64"
  "1:2:3:4:5:6:7:8:9/64"
  "1:2:3:4:5:6:7:8::/64"
  "12345::/64"
  "::g/64"
  "fe80::1%eth0/64"
  "[fd00::]/64"
  "1.2.3.4::/64"
  "::1.2.3/64"
  "::1.2.3.4:5/64"
]
