import Conditioning
import Generation
import Images
import PipelineSupport
import TensorCore
import TestSupport
import Testing

/// How pictures are laid out for the network and put together again.
@Suite struct EditCanvasTests {
  private func canvas(
    _ picture: Image, mask: Image? = nil, _ change: (inout CanvasOptions) -> Void = { _ in }
  ) throws -> EditCanvas {
    var options = CanvasOptions()
    change(&options)
    return try EditCanvas(
      picture, mask: mask.map { Mask($0) }, options: options, multiple: 8, defaultSize: 64)
  }

  /// A result that differs from any picture of 8 bits.
  private func foreign(_ canvas: EditCanvas) -> Tensor {
    Tensor(repeating: 0.1234, shape: [1, canvas.height, canvas.width, 3])
  }

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
    let at = (y * image.width + x) * image.channels
    return Array(image.pixels[at..<(at + image.channels)])
  }

  /// Much larger than the model's 64 × 64: worked on at about that area, in the picture's shape.
  @Test func largePicturesComeToTheModelsSize() throws {
    let large = TestPictures.noise(width: 200, height: 150)
    let fitted = try canvas(large) { $0.fitsModel = true }
    #expect(fitted.isFitted && fitted.width == 72 && fitted.height == 56 && fitted.original.width == 72)
    #expect(try !canvas(large).isFitted)
    #expect(try !canvas(TestPictures.noise(width: 128, height: 128)) { $0.fitsModel = true }.isFitted)
    let given = try canvas(large) { ($0.fitsModel, $0.width) = (true, 104) }
    #expect(!given.isFitted && given.width == 104 && given.height == 80)
  }

  /// With a mask the result keeps its size, and the rest of it comes back bit for bit.
  @Test func largePicturesWithMasksKeepTheirSize() throws {
    let picture = TestPictures.noise(width: 200, height: 150)
    let mask = TestPictures.mask(width: 200, height: 150, x: 50..<100, y: 50..<100)
    let canvas = try canvas(picture, mask: mask) { $0.fitsModel = true }
    #expect(canvas.isFitted && canvas.width == 72 && canvas.height == 56)
    let result = ImageTensor.images(canvas.finished(foreign(canvas)))[0]
    #expect(result.width == 200 && result.height == 150)
    #expect(pixel(result, 10, 10) == pixel(picture, 10, 10) && pixel(result, 150, 140) == pixel(picture, 150, 140))
    #expect(pixel(result, 75, 75) != pixel(picture, 75, 75))
  }

  @Test(arguments: [(64, 48), (61, 47), (8, 8), (130, 9)])
  func untouchedPixelsComeBackBitForBit(width: Int, height: Int) throws {
    let picture = TestPictures.noise(width: width, height: height)
    let (x, y) = ((width / 4)..<(width / 2), (height / 3)..<height)
    let mask = TestPictures.mask(width: width, height: height, x: x, y: y)
    for area in InpaintArea.allCases {
      for blur in [0.0, 2] {
        let canvas = try canvas(picture, mask: mask) {
          $0.area = area
          $0.maskBlur = blur
          $0.padding = 3
        }
        #expect(canvas.width % 8 == 0 && canvas.height % 8 == 0)
        let bytes = try PNG.encode(ImageTensor.images(canvas.finished(foreign(canvas)))[0], text: [])
        let result = try PNG.decode(bytes)
        #expect(result.width == width && result.height == height)
        let soft = try #require(canvas.mask)
        var changed = 0
        for row in 0..<height {
          for column in 0..<width {
            let isKept = soft.image.pixels[row * width + column] == 0
            let isSame = pixel(result, column, row) == pixel(picture, column, row)
            if isKept { #expect(isSame, "\(area) blur \(blur): \(column), \(row) changed") }
            if !isSame { changed += 1 }
          }
        }
        // Noise equals the foreign grey only by chance, once in 2²⁴.
        #expect(changed >= x.count * y.count - 1, "\(area) blur \(blur)")
        if blur == 0 { #expect(changed <= x.count * y.count) }
      }
    }
  }

  @Test func theDecodersPixelsStayOnRequest() throws {
    let picture = TestPictures.noise(width: 64, height: 48)
    let canvas = try canvas(
      picture, mask: TestPictures.mask(width: 64, height: 48, x: 0..<8, y: 0..<8)
    ) { $0.pastesBack = false }
    #expect(canvas.finished(foreign(canvas)).floats().allSatisfy { $0 == 0.1234 })
  }

  @Test func aMaskOfAnotherSizeIsRefusedWithBothSizes() throws {
    let error = try #require(throws: GenerationError.self) {
      try canvas(
        TestPictures.noise(width: 64, height: 48), mask: TestPictures.mask(width: 32, height: 48, x: 0..<1, y: 0..<1))
    }
    #expect("\(error)".contains("32×48") && "\(error)".contains("64×48"))
  }

  @Test func aBlackMaskIsRefused() {
    #expect(throws: GenerationError.self) {
      try canvas(
        TestPictures.noise(width: 64, height: 48), mask: TestPictures.mask(width: 64, height: 48, x: 0..<0, y: 0..<0))
    }
  }

  @Test(
    arguments: [
      { $0.maskBlur = -1 }, { $0.maskBlur = .nan }, { $0.padding = -1 }, { $0.width = 63 }, { $0.height = 0 },
      { $0.area = .masked }, { $0.resize = .outpaint },
      { $0.outpaint = Margins(left: 9000, top: 0, right: 0, bottom: 0) },
    ] as [@Sendable (inout CanvasOptions) -> Void])
  func badOptions(_ change: @Sendable (inout CanvasOptions) -> Void) {
    #expect(throws: GenerationError.self) {
      try canvas(TestPictures.noise(width: 64, height: 48)) { change(&$0) }
    }
  }

  @Test func marginsAreRead() throws {
    #expect(try Margins(parsing: "1,2, 3,4") == Margins(left: 1, top: 2, right: 3, bottom: 4))
    #expect(try Margins(parsing: "16") == Margins(left: 16, top: 16, right: 16, bottom: 16))
    for bad in ["", "1,2", "1,2,3,x", "-1,0,0,0", "1,2,3,4,5"] {
      #expect(throws: GenerationError.self, "\(bad)") { try Margins(parsing: bad) }
    }
  }

  @Test func sizesAreRoundedDownUnlessGiven() throws {
    let picture = TestPictures.noise(width: 67, height: 130)
    let plain = try canvas(picture)
    #expect(plain.width == 64 && plain.height == 128)
    let wide = try canvas(picture) { $0.width = 128 }
    #expect(wide.width == 128 && wide.height == 248)
    let both = try canvas(picture) {
      $0.width = 40
      $0.height = 24
    }
    #expect(both.width == 40 && both.height == 24)
  }

  @Test func resizeModes() throws {
    // Left half red, right half blue, twice as wide as high.
    var picture = TestPictures.plain(width: 64, height: 32, [255, 0, 0])
    for y in 0..<32 {
      for x in 32..<64 {
        picture.pixels.replaceSubrange(((y * 64 + x) * 3)..<((y * 64 + x) * 3 + 3), with: [0, 0, 255])
      }
    }
    func square(_ mode: ResizeMode) throws -> Image {
      try canvas(picture) {
        $0.width = 32
        $0.height = 32
        $0.resize = mode
      }.working
    }
    for mode in [ResizeMode.resize, .crop, .fill] {
      let image = try square(mode)
      #expect(image.width == 32 && image.height == 32)
      #expect(pixel(image, 0, 0) == [255, 0, 0] && pixel(image, 31, 31) == [0, 0, 255], "\(mode)")
    }
    // Cut off means the border between the colours keeps its sharpness, fitted in means it is half as high.
    #expect(try square(.crop) == picture.cropped(x: 16, y: 0, width: 32, height: 32))
    let fitted = picture.resized(width: 32, height: 16, filter: .lanczos3)
    #expect(try square(.fill).cropped(x: 0, y: 8, width: 32, height: 16) == fitted)
  }

  @Test func outpaintingMasksWhatIsNew() throws {
    let picture = TestPictures.plain(width: 32, height: 24, [10, 200, 30])
    for isByMargins in [true, false] {
      let canvas = try canvas(picture) {
        if isByMargins {
          $0.outpaint = Margins(left: 8, top: 4, right: 8, bottom: 4)
        } else {
          $0.resize = .outpaint
          $0.width = 48
          $0.height = 32
        }
      }
      let mask = try #require(canvas.mask)
      #expect(canvas.width == 48 && canvas.height == 32 && canvas.content == .fill)
      #expect(mask.image.pixels.filter { $0 == 0 }.count == 32 * 24)
      // Colours flow into the new part.
      #expect(pixel(canvas.working, 0, 0) == [10, 200, 30])
      let result = ImageTensor.images(canvas.finished(foreign(canvas)))[0]
      #expect(pixel(result, 8, 4) == [10, 200, 30] && pixel(result, 39, 27) == [10, 200, 30])
      #expect(pixel(result, 7, 4) != [10, 200, 30] && pixel(result, 40, 27) != [10, 200, 30])
    }
  }

  @Test func transparencyIsAMaskOnRequest() throws {
    var picture = TestPictures.plain(width: 16, height: 16, [50, 60, 70, 255])
    #expect(throws: GenerationError.self) { try canvas(picture) { $0.masksTransparency = true } }
    for x in 4..<8 { picture.pixels[(5 * 16 + x) * 4 + 3] = 0 }
    // Without: all is redrawn, on the background.
    let plain = try canvas(picture) { $0.background = Colour(red: 1, green: 2, blue: 3) }
    #expect(plain.mask == nil && pixel(plain.working, 5, 5) == [1, 2, 3])
    let own = try canvas(picture) { $0.masksTransparency = true }
    #expect(own.mask?.image.pixels.filter { $0 == 255 }.count == 4)
    #expect(pixel(own.working, 5, 5) == [50, 60, 70], "the hole is filled from around")
    let given = try canvas(picture, mask: TestPictures.mask(width: 16, height: 16, x: 0..<1, y: 0..<1))
    #expect(given.mask?.image.pixels.filter { $0 > 0 }.count == 1)
  }

  /// Pixels outside a mask come back with the transparency and the hidden colours they have; what is new is opaque.
  @Test(arguments: InpaintArea.allCases, [0.0, 2]) func transparentPixelsComeBackBitForBit(
    area: InpaintArea, blur: Double
  ) throws {
    let noise = TestPictures.noise(width: 61, height: 47)
    var picture = noise.converted(toChannels: 4)
    for index in 0..<(61 * 47) { picture.pixels[index * 4 + 3] = UInt8(truncatingIfNeeded: index &* 37) }
    let mask = TestPictures.mask(width: 61, height: 47, x: 10..<30, y: 8..<40)
    let canvas = try canvas(picture, mask: mask) {
      ($0.area, $0.maskBlur, $0.padding) = (area, blur, 3)
      $0.background = Colour(red: 0, green: 255, blue: 9)
    }
    let result = canvas.withTransparency(ImageTensor.images(canvas.finished(foreign(canvas)))[0])
    try #require(result.channels == 4 && result.width == 61 && result.height == 47)
    let soft = try #require(canvas.mask)
    for y in 0..<47 {
      for x in 0..<61 {
        switch soft.image.pixels[y * 61 + x] {
        case 0: #expect(pixel(result, x, y) == pixel(picture, x, y))
        case 255: #expect(pixel(result, x, y)[3] == 255)
        default: break
        }
      }
    }
    // Margins are a mask too.
    let wider = try self.canvas(picture) { $0.outpaint = Margins(left: 8, top: 0, right: 0, bottom: 0) }
    let grown = wider.withTransparency(ImageTensor.images(wider.finished(foreign(wider)))[0])
    #expect(grown.channels == 4 && grown.cropped(x: 8, y: 0, width: 61, height: 47) == picture)
    // A picture whose transparency the mask takes whole has none left.
    var holed = noise.converted(toChannels: 4)
    holed.pixels[(20 * 61 + 15) * 4 + 3] = 0
    let whole = try self.canvas(holed, mask: mask)
    #expect(whole.withTransparency(ImageTensor.images(whole.finished(foreign(whole)))[0]).channels == 3)
  }

  /// Half of a new colour over half of a clear pixel is the new colour, not one with the background in it.
  @Test func softEdgesOfTransparency() throws {
    let clear = TestPictures.plain(width: 16, height: 16, [200, 0, 0, 0])
    let grey = TestPictures.plain(width: 16, height: 16, [128, 128, 128])
    let canvas = try canvas(clear, mask: grey) { $0.background = Colour(red: 255, green: 255, blue: 255) }
    let made = Tensor(repeating: -1, shape: [1, 16, 16, 3])
    let result = canvas.withTransparency(ImageTensor.images(canvas.finished(made))[0])
    let middle = pixel(result, 8, 8)
    #expect(middle[3] == 128 && middle[0...2].allSatisfy { $0 <= 1 }, "\(middle)")
  }

  @Test func aPartIsEnlargedToTheModelsSize() throws {
    let picture = TestPictures.noise(width: 200, height: 100)
    let mask = TestPictures.mask(width: 200, height: 100, x: 100..<110, y: 50..<55)
    let auto = try canvas(picture, mask: mask) {
      $0.area = .masked
      $0.padding = 5
    }
    // 20 × 15 pixels around the mask, at 64² pixels' worth.
    #expect(auto.width == 72 && auto.height == 56)
    let given = try canvas(picture, mask: mask) {
      $0.area = .masked
      $0.padding = 5
      $0.width = 64
      $0.height = 32
    }
    #expect(given.width == 64 && given.height == 32)
  }
}
