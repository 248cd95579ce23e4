extension Tensor {
  /// 2-D convolution of a channels-last image: `activation(conv(self, weight) + bias + residual)`.
  /// - Parameters:
  ///   - weight: `[O, C, kh, kw]` for self `[B, H, W, C]`, in any float type.
  ///   - bias: `[O]`.
  ///   - residual: shaped and typed like the result, added before the activation.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, residual: Tensor? = nil, stride: Int = 1,
    padding: Padding = Padding(0), activation: Activation = .none
  ) -> Tensor {
    let geometry = ConvolutionGeometry(
      input: shape, weight: weight.shape, stride: stride, padding: padding)
    precondition(
      bias.map { $0.shape == [weight.shape[0]] } ?? true
        && residual.map { $0.shape == geometry.outputShape && $0.dtype == dtype } ?? true,
      "convolution to \(geometry.outputShape) with bias \(bias?.shape ?? []), residual \(residual?.shape ?? [])")
    requireSameDevice(weight, bias, residual, in: "convolution")
    let inputs = [self, weight] + (bias.map { [$0] } ?? []) + (residual.map { [$0] } ?? [])
    let fuse = activation == .none || !inputs.contains { Tape.isRecording($0) }
    let (x, w, hasBias, hasResidual) = (detached, weight.detached, bias != nil, residual != nil)
    let y = kernels.convolution(
      x, w, bias: bias?.detached.cast(to: .f32), residual: residual?.detached,
      activation: fuse ? activation : .none, geometry)
    let recorded = Tape.record(y, inputs) { dy, needed in
      var out: [Tensor?] = [needed[0] ? dy.kernels.convolutionBackwardInput(dy, w, geometry) : nil]
      let wantsBias = hasBias && needed[2]
      if needed[1] {
        let (dw, db) = dy.kernels.convolutionBackwardWeight(x, dy, bias: wantsBias, geometry)
        out.append(dw)
        if hasBias { out.append(db) }
      } else {
        out.append(nil)
        if hasBias { out.append(wantsBias ? dy.columnSums() : nil) }
      }
      if hasResidual { out.append(dy) }
      return out
    }
    return fuse ? recorded : recorded.applying(activation)
  }

  /// Convolution of every channel by its own kernel, as in MobileNets (Howard et al. 2017, §3.1). It has no gradient:
  /// only networks that judge have it.
  /// - Parameters:
  ///   - weight: `[C, 1, kh, kw]` for self `[B, H, W, C]`, in any float type.
  ///   - bias: `[C]`.
  public func depthwiseConv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Padding = Padding(0)
  ) -> Tensor {
    precondition(
      rank == 4 && weight.rank == 4 && weight.shape[0] == shape[3] && weight.shape[1] == 1
        && (bias.map { $0.shape == [shape[3]] } ?? true),
      "depthwise convolution of \(shape) with weight \(weight.shape), bias \(bias?.shape ?? [])")
    precondition(
      !([self, weight] + (bias.map { [$0] } ?? [])).contains { Tape.isRecording($0) },
      "depthwise convolutions have no gradient")
    requireSameDevice(weight, bias, in: "depthwise convolution")
    let channels = shape[3]
    let geometry = ConvolutionGeometry(
      input: shape, weight: [channels, channels, weight.shape[2], weight.shape[3]], stride: stride, padding: padding)
    return kernels.depthwiseConvolution(
      detached, weight.detached, bias: bias?.detached.cast(to: .f32), geometry)
  }
}
