// Sums and maxima over the LANES threads that share something, in the same order in every run. Put in front of a kernel
// of workgroups (LANES, GROUPS) that says what `Shared` is: a number or a vector, taken each by itself. All threads of a
// workgroup must call them. With LANES 1 (not REDUCE) there is no barrier, and a value is its own sum.

//#if REDUCE
var<workgroup> scratch: array<Shared, LANES * GROUPS>;
//#endif

fn sum_lanes(value: Shared, lane: u32, group: u32) -> Shared {
//#if REDUCE
  let base = group * LANES;
  workgroupBarrier();
  scratch[base + lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      scratch[base + lane] += scratch[base + lane + half];
    }
  }
  workgroupBarrier();
  return scratch[base];
//#else
  return value;
//#endif
}

fn max_lanes(value: Shared, lane: u32, group: u32) -> Shared {
//#if REDUCE
  let base = group * LANES;
  workgroupBarrier();
  scratch[base + lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      scratch[base + lane] = max(scratch[base + lane], scratch[base + lane + half]);
    }
  }
  workgroupBarrier();
  return scratch[base];
//#else
  return value;
//#endif
}
