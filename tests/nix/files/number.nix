{ hosts.cp1 = 7; }
