"""The numpy array types that compiled functions take, by element type.

Belongs here: type aliases. Not here: what the arrays hold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]  # eight bytes each
Positions = npt.NDArray[np.uint32]  # byte offsets in a buffer of less than 4 GiB
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
