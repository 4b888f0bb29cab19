#for h < MA
#for r < 4
#for q < NA
  var sum{h}_{r}_{q} = vec4f();
#end
#end
#end
