import ArgumentParser
import Training

extension OptimizerName: ExpressibleByArgument {}
