"""The simulated MEXC Spot: its REST v3 and its WebSocket with protobuf pushes."""
