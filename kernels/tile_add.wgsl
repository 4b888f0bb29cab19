#if LOOPED
      for (var k = 0u; k < STEP; k++) {
#else
      {
        const k = 0u;
#end
#for u < UNROLLED
        {
#for h < MA
          let a{h} = left[place.y][(k + {u}) * MA + {h}];
#end
#for q < NA
          let b{q} = right[place.x][(k + {u}) * NA + {q}];
#end
#for h < MA
#for r < 4
#for q < NA
          sum{h}_{r}_{q} += a{h}[{r}] * b{q};
#end
#end
#end
        }
#end
      }
