// swift-tools-version: 6.1
import PackageDescription

/// Targets, lowest first: each imports only what stands above it.
let package = Package(
  name: "imago",
  products: [
    .executable(name: "txt2img", targets: ["txt2img"]),
    .executable(name: "img2img", targets: ["img2img"]),
    .executable(name: "lora-train", targets: ["lora-train"]),
    .executable(name: "imago", targets: ["imago"]),
    .library(name: "Generation", targets: ["Generation"]),
    .library(name: "Training", targets: ["Training"]),
  ],
  traits: [
    .trait(name: "TLS", description: "HTTPS for imago serve; the library it needs takes two minutes to build.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: vector kernels, and shims over system libraries.
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("m"), .linkedLibrary("gomp")]),
    .target(name: "CMatrixKernels", dependencies: ["CKernels"]),
    .target(name: "COneDNN", dependencies: ["CKernels", "CMatrixKernels"], linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CMPI", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CFiles"),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CZstd", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CImageCodecs", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),

    // The engine.
    .target(name: "Randomness"),
    .target(name: "TensorCore", dependencies: ["CKernels", "CMatrixKernels", "COneDNN", "COpenBLAS"]),
    .target(name: "NN", dependencies: ["TensorCore", "Randomness"]),

    // Files.
    .target(name: "Configurations"),
    .target(name: "Files", dependencies: ["CFiles"]),
    .target(name: "SafeTensors", dependencies: ["Files"]),
    .target(name: "Checkpoints", dependencies: ["NN", "SafeTensors", "CZlib", "Files", "Configurations"]),
    .target(name: "Tokenizers", dependencies: ["Files"]),
    .target(name: "Images", dependencies: ["CImageCodecs", "Files"]),
    .target(name: "PromptLanguage", dependencies: ["Files"]),

    // Models and what is done with them.
    .target(name: "Models", dependencies: ["NN", "Configurations"]),
    .target(name: "Diffusion", dependencies: ["TensorCore", "Randomness", "Configurations"]),
    .target(name: "Conditioning", dependencies: ["Models", "Tokenizers", "PromptLanguage", "TensorCore"]),
    .target(
      name: "Generation",
      dependencies: ["Models", "Diffusion", "Conditioning", "Configurations", "Images", "PromptLanguage"]),
    .target(
      name: "ModelFiles",
      dependencies: [
        "Generation", "Conditioning", "Diffusion", "Models", "Checkpoints", "Tokenizers", "Images", "Files",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(name: "Adapters", dependencies: ["ModelFiles", "Checkpoints", "NN"]),
    .target(
      name: "Jobs",
      dependencies: ["ModelFiles", "Generation", "Conditioning", "Adapters", "Images", "PromptLanguage", "Files"]),
    .target(name: "DataSets", dependencies: ["Images", "Files", "CZlib", "CZstd"]),
    .target(name: "SceneData", dependencies: ["Images", "Files"]),
    .target(
      name: "Training",
      dependencies: [
        "Generation", "ModelFiles", "Conditioning", "Jobs", "Adapters", "DataSets", "Files",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(name: "MPICommunicator", dependencies: ["CMPI", "Training"]),
    .target(name: "SceneTraining", dependencies: ["Training", "SceneData"]),
    .target(
      name: "Evaluation",
      dependencies: [
        "Training", "Generation", "ModelFiles", "Conditioning", "Jobs", "DataSets", "SceneData", "Images", "NN",
        "Models", "Checkpoints", "Files", "Randomness", "Diffusion", "TensorCore",
      ]),

    .target(
      name: "Lessons",
      dependencies: [
        "Evaluation", "Training", "Generation", "ModelFiles", "Conditioning", "DataSets", "Models", "Diffusion", "NN",
        "TensorCore", "Checkpoints", "Tokenizers", "Jobs", "Images", "Randomness", "Files", "Adapters",
        "Configurations",
      ]),

    // The server.
    .target(
      name: "Gallery",
      dependencies: ["Jobs", "Images", "Files", .product(name: "GRDB", package: "GRDB.swift")]),
    .target(
      name: "Server",
      dependencies: [
        "Gallery", "Jobs", "Generation", "ModelFiles", "Conditioning", "Training", "Images", "Files",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird", condition: .when(traits: ["TLS"])),
      ]),

    // Commands.
    .target(
      name: "CommandSupport",
      dependencies: [
        "Generation", "ModelFiles", "Conditioning", "Jobs", "Adapters", "Files", "CFiles", "Training",
        "MPICommunicator", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "txt2img", dependencies: ["CommandSupport"]),
    .executableTarget(
      name: "img2img",
      dependencies: ["CommandSupport", "Training", "Jobs", "Generation", "Conditioning", "Images", "ModelFiles"]),
    .executableTarget(
      name: "lora-train", dependencies: ["CommandSupport", "Training", "Adapters", "Evaluation", "Jobs", "ModelFiles"]),
    .executableTarget(
      name: "imago",
      dependencies: ["CommandSupport", "Training", "SceneTraining", "Lessons", "DataSets", "Evaluation", "Server"]),

    // Tests.
    .target(name: "TestSupport", dependencies: ["TensorCore"], path: "Tests/TestSupport"),
    .target(
      name: "ReferenceSupport", dependencies: ["Models", "Checkpoints", "TestSupport"],
      path: "Tests/ReferenceSupport"),
    .target(
      name: "PipelineSupport", dependencies: ["Generation", "ModelFiles", "TestSupport", "ReferenceSupport"],
      path: "Tests/PipelineSupport"),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "CZlib", "TestSupport"]),
    .testTarget(
      name: "ConditioningTests",
      dependencies: ["Conditioning", "PipelineSupport", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "AdaptersTests",
      dependencies: ["Adapters", "ModelFiles", "Generation", "SafeTensors", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "txt2img", "img2img", "lora-train", "imago", "Checkpoints", "Images", "SafeTensors", "TestSupport",
        "ReferenceSupport",
      ]),
    .testTarget(name: "CommandSupportTests", dependencies: ["CommandSupport"]),
    .testTarget(name: "ConfigurationsTests", dependencies: ["Configurations"]),
    .testTarget(name: "CKernelsTests", dependencies: ["CKernels"]),
    .testTarget(name: "COneDNNTests", dependencies: ["COneDNN", "CMatrixKernels", "CKernels"]),
    .testTarget(name: "DataSetsTests", dependencies: ["DataSets", "Images", "SceneData", "TestSupport"]),
    .testTarget(name: "DiffusionTests", dependencies: ["Diffusion", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Evaluation", "Generation", "ModelFiles", "Models", "Images", "SceneData", "Checkpoints", "TestSupport",
        "ReferenceSupport",
      ]),
    .testTarget(
      name: "GenerationTests",
      dependencies: [
        "Generation", "ModelFiles", "SafeTensors", "PipelineSupport", "TestSupport", "ReferenceSupport",
      ]),
    .testTarget(
      name: "JobsTests",
      dependencies: ["Jobs", "Files", "ModelFiles", "PromptLanguage", "TestSupport", "ReferenceSupport"]),
    .testTarget(name: "FilesTests", dependencies: ["Files"]),
    .testTarget(name: "ImagesTests", dependencies: ["Images"]),
    .testTarget(
      name: "ModelFilesTests",
      dependencies: ["ModelFiles", "SafeTensors", "PipelineSupport", "TestSupport", "ReferenceSupport"]),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["Models", "Checkpoints", "Training", "TestSupport", "ReferenceSupport"]),
    .testTarget(name: "GalleryTests", dependencies: ["Gallery", "TestSupport"]),
    .testTarget(
      name: "LessonsTests",
      dependencies: [
        "Lessons", "Evaluation", "Training", "Generation", "ModelFiles", "Conditioning", "Models", "Diffusion", "Jobs",
        "Checkpoints", "Images", "DataSets", "NN", "TensorCore", "TestSupport", "ReferenceSupport", "PipelineSupport",
      ]),
    .testTarget(name: "PageTests", dependencies: ["imago", "Images"]),
    .testTarget(name: "PromptLanguageTests", dependencies: ["PromptLanguage", "Files"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness"]),
    .testTarget(name: "SafeTensorsTests", dependencies: ["SafeTensors"]),
    .testTarget(name: "SceneDataTests", dependencies: ["SceneData", "Images", "Tokenizers"]),
    .testTarget(name: "ServerTests", dependencies: ["Server", "TestSupport", "ReferenceSupport", "PipelineSupport"]),
    .testTarget(name: "TensorCoreTests", dependencies: ["TensorCore", "TestSupport"]),
    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "SceneTraining", "Lessons", "Adapters", "Models", "NN", "Images", "Jobs", "TestSupport",
        "ReferenceSupport", "PipelineSupport",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// Most tests compute in the modules they test and little themselves: without optimisation their compiler has half the work
// (CommandTests: 25 s of processor time in place of 46). Those named here compare with naive arithmetic of their own.
let computingTests: Set = [
  "CKernelsTests", "COneDNNTests", "DiffusionTests", "ImagesTests", "ModelsTests", "RandomnessTests", "TensorCoreTests",
]
for target in package.targets where target.type == .test && !computingTests.contains(target.name) {
  target.swiftSettings = [.unsafeFlags(["-Onone"])]
}
