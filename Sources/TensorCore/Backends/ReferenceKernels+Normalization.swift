// GroupNorm and LayerNorm: both normalise sets of elements that share a mean and a variance.
extension ReferenceKernels {
  func groupNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, groups: Int, epsilon: Float, silu: Bool)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  {
    normalize(x, groupMembers(x, groups), [x.shape[0], groups], gamma, beta, epsilon, silu)
  }

  func groupNormBackward(
    _ x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, rstd: Tensor, groups: Int, silu: Bool,
    _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    let found = normalizeBackward(
      x, groupMembers(x, groups), gamma, silu ? beta : nil, mean, rstd, dy)
    return (
      needsInput ? found.dx : nil, needsParameters ? found.dgamma : nil,
      needsParameters ? found.dbeta : nil
    )
  }

  func layerNorm(_ x: Tensor, gamma: Tensor, beta: Tensor, epsilon: Float)
    -> (y: Tensor, mean: Tensor, rstd: Tensor)
  {
    normalize(x, rowMembers(x), [x.rows], gamma, beta, epsilon, false)
  }

  func layerNormBackward(
    _ x: Tensor, gamma: Tensor, mean: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool,
    needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?) {
    let found = normalizeBackward(x, rowMembers(x), gamma, nil, mean, rstd, dy)
    return (
      needsInput ? found.dx : nil, needsParameters ? found.dgamma : nil,
      needsParameters ? found.dbeta : nil
    )
  }

  /// The elements of each (image, group).
  private func groupMembers(_ x: Tensor, _ groups: Int) -> [[Int]] {
    let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
    let positions = x.shape[1..<(x.rank - 1)].reduce(1, *)
    let width = channels / groups
    var sets: [[Int]] = []
    for b in 0..<batch {
      for g in 0..<groups {
        sets.append(
          (0..<positions).flatMap { position in
            (g * width..<(g + 1) * width).map { (b * positions + position) * channels + $0 }
          })
      }
    }
    return sets
  }

  /// The elements of each row.
  private func rowMembers(_ x: Tensor) -> [[Int]] {
    let width = x.shape.last ?? 0
    return (0..<x.rows).map { Array($0 * width..<($0 + 1) * width) }
  }

  /// Where an element's scale lies in gamma, which has one for all images or one for each.
  private func place(of gamma: Tensor, _ x: Tensor) -> (Int) -> Int {
    let channels = x.shape.last ?? 1
    guard gamma.rank == 2 else { return { $0 % channels } }
    let image = x.shape.dropFirst().reduce(1, *)
    return { $0 / image * channels + $0 % channels }
  }

  private func normalize(
    _ x: Tensor, _ sets: [[Int]], _ statisticsShape: [Int], _ gamma: Tensor, _ beta: Tensor,
    _ epsilon: Float, _ silu: Bool
  ) -> (y: Tensor, mean: Tensor, rstd: Tensor) {
    let (v, scale, shift) = (x.values, gamma.values, beta.values)
    let place = place(of: gamma, x)
    var (out, means, rstds): ([Float], [Float], [Float]) = (v, [], [])
    for members in sets {
      let n = Double(members.count)
      let mean = members.reduce(0.0) { $0 + Double(v[$1]) } / n
      let variance =
        members.reduce(0.0) { $0 + (Double(v[$1]) - mean) * (Double(v[$1]) - mean) } / n
      let rstd = 1 / (variance + Double(epsilon)).squareRoot()
      means.append(Float(mean))
      rstds.append(Float(rstd))
      for i in members {
        let c = place(i)
        let z = (Double(v[i]) - mean) * rstd * Double(scale[c]) + Double(shift[c])
        out[i] = Float(silu ? UnaryOp.silu.value(z, 0, 0) : z)
      }
    }
    return (
      x.holding(out), x.holding(means, shape: statisticsShape, dtype: .f32),
      x.holding(rstds, shape: statisticsShape, dtype: .f32)
    )
  }

  /// - Parameter beta: the shift if SiLU followed, whose derivative needs the normalised value; nil without SiLU.
  private func normalizeBackward(
    _ x: Tensor, _ sets: [[Int]], _ gamma: Tensor, _ beta: Tensor?, _ mean: Tensor, _ rstd: Tensor,
    _ dy: Tensor
  ) -> (dx: Tensor, dgamma: Tensor, dbeta: Tensor) {
    let (v, d, scale, shift) = (x.values, dy.values, gamma.values, beta?.values)
    let (means, rstds) = (mean.values, rstd.values)
    let place = place(of: gamma, x)
    var dx = v
    var dgamma = Array(repeating: 0.0, count: scale.count)
    var dbeta = dgamma
    for (index, members) in sets.enumerated() {
      let (mu, r, n) = (Double(means[index]), Double(rstds[index]), Double(members.count))
      let xhat = members.map { (Double(v[$0]) - mu) * r }
      // z = gamma xhat + beta, y = z or silu(z)
      let dz = zip(members, xhat).map { i, normalized in
        let c = place(i)
        guard let shift else { return Double(d[i]) }
        let z = normalized * Double(scale[c]) + Double(shift[c])
        return Double(d[i]) * UnaryOp.silu.derivative(z, 0, 0)
      }
      let dxhat = zip(members, dz).map { $1 * Double(scale[place($0)]) }
      let mean1 = dxhat.reduce(0, +) / n
      let mean2 = zip(dxhat, xhat).reduce(0) { $0 + $1.0 * $1.1 } / n
      for (j, i) in members.enumerated() {
        dgamma[place(i)] += dz[j] * xhat[j]
        dbeta[place(i)] += dz[j]
        dx[i] = Float(r * (dxhat[j] - mean1 - xhat[j] * mean2))
      }
    }
    return (
      x.holding(dx), gamma.holding(dgamma.map { Float($0) }), gamma.holding(dbeta.map { Float($0) })
    )
  }
}

// RMSNorm: rows over their root mean square.
extension ReferenceKernels {
  func rmsNorm(_ x: Tensor, gamma: Tensor, epsilon: Float) -> (y: Tensor, rstd: Tensor) {
    let (width, v, scale) = (x.shape.last ?? 0, x.values, gamma.values)
    var (out, rstds): ([Float], [Float]) = ([], [])
    for row in 0..<x.rows {
      let values = v[row * width..<(row + 1) * width].map { Double($0) }
      let rstd = 1 / (values.reduce(0) { $0 + $1 * $1 } / Double(width) + Double(epsilon)).squareRoot()
      rstds.append(Float(rstd))
      out += zip(values, scale).map { Float($0 * rstd * Double($1)) }
    }
    return (x.holding(out), x.holding(rstds, shape: [x.rows], dtype: .f32))
  }

  func rmsNormBackward(
    _ x: Tensor, gamma: Tensor, rstd: Tensor, _ dy: Tensor, needsInput: Bool, needsParameters: Bool
  ) -> (dx: Tensor?, dgamma: Tensor?) {
    let (width, v, d, scale, rstds) = (x.shape.last ?? 0, x.values, dy.values, gamma.values, rstd.values)
    var (dx, dgamma) = (v, Array(repeating: 0.0, count: width))
    for row in 0..<x.rows {
      let r = Double(rstds[row])
      // y = x r gamma, r = (mean x² + ε)^(-1/2): dx = r (g − x r² mean(g x)) with g = dy gamma
      let product = (0..<width).reduce(0.0) {
        let i = row * width + $1
        return $0 + Double(d[i]) * Double(scale[$1]) * Double(v[i])
      }
      for j in 0..<width {
        let i = row * width + j
        dgamma[j] += Double(d[i]) * Double(v[i]) * r
        dx[i] = Float(r * (Double(d[i]) * Double(scale[j]) - Double(v[i]) * r * r * product / Double(width)))
      }
    }
    return (needsInput ? x.holding(dx) : nil, needsParameters ? gamma.holding(dgamma.map { Float($0) }) : nil)
  }
}
