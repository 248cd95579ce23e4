import Images

extension Image {
  /// The picture with what a mask covers replaced by colours that flow in from around it (push-pull over a pyramid of
  /// halved sizes; Gortler et al. 1996, §3.3). Three channels; unchanged where the mask is 0, and everywhere if it covers all.
  func filledIn(_ mask: Mask) -> Image {
    precondition(channels == 3 && mask.width == width && mask.height == height, "filling of \(channels) channels")
    var level = HoleLevel(width: width, height: height)
    for index in 0..<(width * height) {
      let known = 1 - Float(mask.image.pixels[index]) / 255
      let at = index * 3
      let colour = SIMD3(Float(pixels[at]), Float(pixels[at + 1]), Float(pixels[at + 2]))
      level.cells[index] = SIMD4(colour * known, known)
    }
    guard level.cells.contains(where: { $0.w > 0 }) else { return self }
    let filled = level.filled()
    var result = self
    for index in 0..<(width * height) where mask.image.pixels[index] > 0 {
      for c in 0..<3 {
        result.pixels[index * 3 + c] = UInt8(min(max(filled.cells[index][c], 0), 255).rounded())
      }
    }
    return result
  }
}

/// One size of the pyramid: colours times how much of them is known, and that share in the last lane.
private struct HoleLevel {
  let width, height: Int
  var cells: [SIMD4<Float>]

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    cells = [SIMD4<Float>](repeating: .zero, count: width * height)
  }

  /// All cells known, colours not weighted any more.
  func filled() -> HoleLevel {
    var result = self
    guard width > 1 || height > 1 else {
      result.cells[0] = cells[0].w > 0 ? cells[0] / cells[0].w : .zero
      return result
    }
    let coarse = halved().filled()
    for y in 0..<height {
      for x in 0..<width {
        let cell = cells[y * width + x]
        let known = min(cell.w, 1)
        if known >= 1 { continue }
        let behind = coarse.sample(x: (Float(x) + 0.5) / 2 - 0.5, y: (Float(y) + 0.5) / 2 - 0.5)
        result.cells[y * width + x] = cell + behind * (1 - known)
      }
    }
    return result
  }

  /// Sums of 2×2 cells, scaled down where they hold more than one known cell.
  private func halved() -> HoleLevel {
    var half = HoleLevel(width: (width + 1) / 2, height: (height + 1) / 2)
    for y in 0..<height {
      for x in 0..<width { half.cells[(y / 2) * half.width + x / 2] += cells[y * width + x] }
    }
    for index in half.cells.indices where half.cells[index].w > 1 { half.cells[index] /= half.cells[index].w }
    return half
  }

  /// Bilinear, with the outermost cells repeated.
  private func sample(x: Float, y: Float) -> SIMD4<Float> {
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (fx, fy) = (x - left, y - top)
    func at(_ column: Int, _ row: Int) -> SIMD4<Float> {
      cells[min(max(row, 0), height - 1) * width + min(max(column, 0), width - 1)]
    }
    let (c, r) = (Int(left), Int(top))
    let upper = at(c, r) * (1 - fx) + at(c + 1, r) * fx
    let lower = at(c, r + 1) * (1 - fx) + at(c + 1, r + 1) * fx
    return upper * (1 - fy) + lower * fy
  }
}
