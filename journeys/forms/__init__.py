"""Input of the designers' screens. Forms look at shapes; what may be is the services' business."""
