#for h < MA
#for r < 4
#for q < NA
  store(
    group.z,
    first_row + 4 * ({h} * ROWS + place.y) + {r},
    first_column + 4 * ({q} * LANES + place.x),
    sum{h}_{r}_{q},
  );
#end
#end
#end
