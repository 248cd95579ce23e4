import Training

/// A drawing of one or two plain figures on a ground, and the words that name what is there.
///
/// What the words leave open is drawn by chance: place, angle, exact size and shade, and which of two figures stands
/// left.
package struct ShapeScene: Sendable, Equatable {
  package enum Form: String, Sendable, CaseIterable { case circle, square, triangle, star, heart, ring, cross, moon }

  package enum Colour: String, Sendable, CaseIterable {
    case red, orange, yellow, green, blue, purple, white, black
  }

  package enum Pattern: String, Sendable, CaseIterable { case plain, striped, dotted }

  /// One figure. Lengths are shares of the picture's side, angles in radians.
  package struct Figure: Sendable, Equatable {
    package var form: Form
    package var colour: Colour
    /// From the middle to the outermost points.
    package var radius: Float
    package var centre: SIMD2<Float>
    package var angle: Float
  }

  package var ground: Colour
  package var pattern: Pattern
  /// Of stripes and dots.
  var patternAngle: Float
  /// Added to the colour of the ground and of each figure, 0...255.
  var shades: [SIMD3<Float>]
  package var figures: [Figure]
  package var caption: String

  /// The scene of a number, one and the same whenever it is asked for.
  package init(_ number: Int, seed: UInt64) {
    var random = ExampleRandom(seed: seed, example: number, epoch: 0, stream: Self.stream)
    func any<Value>(_ values: [Value]) -> Value { values[random.integer(below: values.count)] }
    func between(_ low: Float, _ high: Float) -> Float { low + (high - low) * random.uniform() }

    let colours = random.shuffled(Colour.allCases)
    ground = colours[0]
    pattern = random.uniform() < 0.6 ? .plain : any([.striped, .dotted])
    patternAngle = between(0, .pi)
    var place = pattern == .plain ? "" : "\(pattern.rawValue) "
    place = "on \(Self.article(place + ground.rawValue)) ground"
    let kind = random.uniform()
    let form = any(Form.allCases)
    if kind < Self.singles {
      let size = random.uniform()
      let (low, high, word): (Float, Float, String) =
        size < 0.2 ? (0.12, 0.17, "small ") : size < 0.4 ? (0.29, 0.36, "large ") : (0.14, 0.34, "")
      let radius = between(low, high)
      let centre = SIMD2(between(radius + 0.04, 0.96 - radius), between(radius + 0.04, 0.96 - radius))
      figures = [Figure(form: form, colour: colours[1], radius: radius, centre: centre, angle: 0)]
      caption = "\(Self.article("\(word)\(colours[1].rawValue) \(form.rawValue)")) \(place)"
    } else {
      let isPair = kind < Self.singles + Self.pairs
      let others = Form.allCases.filter { $0 != form }
      let second = isPair ? (form, colours[1]) : (any(others), colours[2])
      figures = [(form, colours[1]), second].map { form, colour in
        let radius = between(0.13, 0.19)
        let centre = SIMD2(between(0.23, 0.28), between(radius + 0.04, 0.96 - radius))
        return Figure(form: form, colour: colour, radius: radius, centre: centre, angle: 0)
      }
      // Which of the two stands left is not said.
      figures[random.integer(below: 2)].centre.x += 0.49
      caption =
        isPair
        ? "two \(colours[1].rawValue) \(Self.plural(form)) \(place)"
        : figures.map { Self.article("\($0.colour.rawValue) \($0.form.rawValue)") }.joined(separator: " and ")
          + " \(place)"
    }
    for index in figures.indices { figures[index].angle = between(-0.35, 0.35) }
    shades = (0...figures.count).map { _ in SIMD3(between(-14, 14), between(-14, 14), between(-14, 14)) }
  }

  private static let stream: UInt64 = 0x5a
  /// Shares of scenes with one figure, and with two alike.
  private static let (singles, pairs): (Float, Float) = (0.5, 0.15)

  private static func article(_ words: String) -> String { (words.hasPrefix("o") ? "an " : "a ") + words }

  private static func plural(_ form: Form) -> String { form.rawValue + (form == .cross ? "es" : "s") }
}
