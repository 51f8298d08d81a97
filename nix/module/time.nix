# Moments and durations as seconds, in the forms that the inventory and the options have them.
{ lib }:
let
  inherit (builtins)
    elemAt
    filter
    floor
    foldl'
    fromJSON
    isList
    isString
    match
    split
    ;

  # "2026-01-31T12:00:00Z" as seconds since 1970; null for anything else.
  epoch =
    text:
    let
      parts = match "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z" text;
      number = index: lib.toIntBase10 (elemAt parts index);
      # The year begins in March here, so that a leap day is its last one.
      early = number 1 < 3;
      year = number 0 - (if early then 1 else 0);
      month = number 1 + (if early then 9 else -3);
      days =
        year * 365
        + year / 4
        - year / 100
        + year / 400
        + (month * 153 + 2) / 5
        + number 2
        - 1
        # From the first of March of the year 0 to 1970.
        - 719468;
    in
    if parts == null then null else days * 86400 + number 3 * 3600 + number 4 * 60 + number 5;

  # "8760h", "1h30m", "1.5d", "1y": as the program reads them. Null for what it would refuse.
  duration =
    text:
    let
      parts = split "0*(0|[1-9][0-9]*)(\\.[0-9]+)?([ywdhms])" text;
      terms = filter isList parts;
      seconds =
        term:
        let
          fraction = elemAt term 1;
          number = elemAt term 0 + (if fraction == null then "" else fraction);
        in
        fromJSON number * units.${elemAt term 2};
    in
    if terms == [ ] || lib.any (part: isString part && part != "") parts then
      null
    else
      floor (foldl' (total: term: total + seconds term) 0 terms);

  units = {
    y = 365 * 86400;
    w = 7 * 86400;
    d = 86400;
    h = 3600;
    m = 60;
    s = 1;
  };
in
{
  inherit epoch duration;
}
