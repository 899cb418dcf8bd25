// The feed-forward layer's nonlinearity and its derivative, four numbers at a time. Put in front of matmul.wgsl.
//
//   relu       max(z, 0)                          1 where z > 0
//   gelu       z * Phi(z)                         Phi(z) + z * phi(z)
//   gelu_tanh  z * sigmoid(u),                    s + z * s (1 - s) * u',  s = sigmoid(u)
//              u = 2 sqrt(2 / pi) (z + 0.044715 z^3)  u' = 2 sqrt(2 / pi) (1 + 0.134145 z^2)
// with Phi the normal distribution's integral (1 + erf(z / sqrt 2)) / 2 and phi its density. The tanh form is usually
// written z (1 + tanh(u / 2)) / 2, which is the same: the sigmoid takes one exponential, and loses no digits where tanh
// is close to -1. GELU: Hendrycks and Gimpel, 2016 (arXiv 1606.08415).

//#if GELU_TANH
fn gelu_sigmoid(z: vec4f) -> vec4f {
  // beyond 80 the sigmoid is 0 or 1 in f32; clamping keeps the exponential finite
  return 1.0 / (1.0 + exp(clamp(-1.5957691216057308 * (z + 0.044715 * z * z * z), vec4f(-80.0), vec4f(80.0))));
}

fn activation(z: vec4f) -> vec4f {
  return z * gelu_sigmoid(z);
}

fn activation_slope(z: vec4f) -> vec4f {
  let s = gelu_sigmoid(z);
  return s + z * s * (1.0 - s) * 1.5957691216057308 * (1.0 + 0.134145 * z * z);
}
//#endif

//#if GELU
// erfc for x >= 0 as t exp(-x^2 + P(t)), t = 1 / (1 + x / 2), with P a Chebyshev fit of degree 9 to
// log(erfc(x) exp(x^2) / t): relative error 1.1e-7, so that small tails stay accurate, where 1 - erf would not.
fn erfc_positive(x: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.5 * x);
  var p = vec4f(0.170872778);
  p = p * t - 0.822152235;
  p = p * t + 1.48851589;
  p = p * t - 1.135204;
  p = p * t + 0.278868086;
  p = p * t - 0.186288062;
  p = p * t + 0.0967841896;
  p = p * t + 0.37409196;
  p = p * t + 1.00002368;
  p = p * t - 1.26551223;
  return t * exp(-x * x + p);
}

fn normal_integral(z: vec4f) -> vec4f {
  let tail = 0.5 * erfc_positive(abs(z) * 0.7071067811865476);
  return select(1.0 - tail, tail, z < vec4f());
}

fn activation(z: vec4f) -> vec4f {
  return z * normal_integral(z);
}

fn activation_slope(z: vec4f) -> vec4f {
  return normal_integral(z) + z * 0.3989422804014327 * exp(-0.5 * z * z);
}
//#endif

//#if RELU
fn activation(z: vec4f) -> vec4f {
  return max(z, vec4f());
}

fn activation_slope(z: vec4f) -> vec4f {
  return select(vec4f(), vec4f(1.0), z > vec4f());
}
//#endif
